"""Searching on the page: every way in which a picture comes, everything that can be asked of the hits."""

import base64
import re

import pytest
from playwright.sync_api import expect

from tests.integration.page.conftest import until

FILE = """async ([type, data, name]) => {
  const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], name, { type: "image/jpeg" }));
  const so = { bubbles: true, cancelable: true };
  if (type === "drop") document.querySelector(".drop").dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, ...so }));
  else document.dispatchEvent(new ClipboardEvent("paste", { clipboardData: transfer, ...so }));
}"""


def paths(page):
    return page.locator(".hit > .path").all_text_contents()


def searched(page, act):
    """Do something, and return the next search's request and answer."""
    with page.expect_response(lambda response: response.url.endswith("/v1/search")) as info:
        act()
    response = info.value
    assert response.ok, response.text()
    page.wait_for_selector("#results:not([aria-busy])")
    return response.request, response.json()


def test_a_chosen_picture_is_found_first_with_all_that_is_known_of_it(page, search_by):
    search_by(page)
    first = page.locator(".hit").first
    expect(first.locator(".score b")).to_have_text("1.000")
    expect(first.locator("> .path")).to_have_text("coffee photo.jpg")
    expect(first.locator(".size")).to_have_text(re.compile("^480.320$"))
    expect(first.locator("> dl")).to_contain_text("coffee")
    first.get_by_text("Details").click()
    expect(first.locator("details dl")).to_contain_text("JPEG")
    expect(page.locator("#results .summary")).to_contain_text("pictures so far, best first, in")
    until(page, "document.querySelector('.hit img').naturalWidth > 0")


@pytest.mark.parametrize("way", ["drop", "paste"])
def test_a_picture_is_dropped_or_pasted(page, photo, way):
    data = base64.b64encode(photo("moon").read_bytes()).decode()
    searched(page, lambda: page.evaluate(FILE, [way, data, "m.jpg"]))
    assert paths(page)[0] == "moon photo.jpg"


def test_a_phone_takes_a_photo(open_page, address, photo):
    page = open_page(address, viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    button = page.get_by_role("button", name="Take a photo")
    expect(button).to_be_visible()
    assert page.get_attribute("#camera", "capture") == "environment"
    with page.expect_file_chooser() as chooser:
        button.click()
    searched(page, lambda: chooser.value.set_files(photo("rocket")))
    assert paths(page)[0] == "rocket photo.jpg"


def test_a_picture_is_searched_by_its_address(page, elsewhere):
    page.get_by_label("Address of a picture").fill(f"http://{elsewhere}/moon%20photo.jpg")
    searched(page, lambda: page.get_by_label("Address of a picture").press("Enter"))
    assert paths(page)[0] == "moon photo.jpg"


def test_an_address_that_the_service_may_not_fetch_is_refused_in_its_words(page):
    page.get_by_label("Address of a picture").fill("http://127.0.0.1:1/a.jpg")
    page.get_by_label("Address of a picture").press("Enter")
    expect(page.locator("#results .summary.error")).not_to_be_empty()
    expect(page.locator(".card .path")).to_have_text("http://127.0.0.1:1/a.jpg")


def draw_a_box(page):
    area = page.locator(".stage").bounding_box()
    page.mouse.move(area["x"] + area["width"] / 4, area["y"] + area["height"] / 4)
    page.mouse.down()
    page.mouse.move(area["x"] + area["width"] * 3 / 4, area["y"] + area["height"] * 3 / 4, steps=3)
    page.mouse.up()


def test_a_box_is_drawn_on_a_chosen_picture(page, search_by):
    search_by(page)
    _, answer = searched(page, lambda: draw_a_box(page))
    assert answer["hits"][0]["score"] < 0.99
    _, answer = searched(page, page.get_by_role("button", name="Whole picture").click)
    assert answer["hits"][0]["score"] > 0.99


def test_a_box_is_drawn_with_the_pointer_and_moved_with_keys(page, search_by):
    search_by(page)
    searched(page, page.locator(".hit").first.get_by_role("button", name="More like").click)
    until(page, "document.querySelector('.stage img').naturalWidth > 0")
    request, _ = searched(page, lambda: draw_a_box(page))
    drawn = request.post_data_json["region"]
    assert drawn == pytest.approx({"x": 0.25, "y": 0.25, "w": 0.5, "h": 0.5}, abs=0.02)
    page.locator(".stage").focus()
    request, _ = searched(page, lambda: page.keyboard.press("ArrowRight"))
    assert request.post_data_json["region"]["x"] == pytest.approx(drawn["x"] + 0.05)
    request, _ = searched(page, lambda: page.keyboard.press("Shift+ArrowDown"))
    assert request.post_data_json["region"]["h"] == pytest.approx(drawn["h"] + 0.05)
    request, _ = searched(page, lambda: page.keyboard.press("Escape"))
    assert "region" not in request.post_data_json
    request, _ = searched(page, lambda: page.keyboard.press("Enter"))
    assert request.post_data_json["region"] == {"x": 0.25, "y": 0.25, "w": 0.5, "h": 0.5}
    request, _ = searched(page, page.get_by_role("button", name="Whole picture").click)
    assert "region" not in request.post_data_json


def more_like(page, place):
    """Search by a hit; its name and the request."""
    hit = page.locator(".hit").nth(place)
    name = hit.locator("> .path").text_content()
    request, _ = searched(page, hit.get_by_role("button", name="More like").click)
    return name, request


def test_the_way_back_from_more_like_a_hit_leads_to_the_first_query_with_its_hits(page, search_by):
    search_by(page)
    first = paths(page)
    name, request = more_like(page, 3)
    assert "milvus_id" in request.post_data_json
    assert paths(page)[0] == name
    assert "#like/" in page.url
    second = paths(page)
    more_like(page, 2)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.go_back()
    expect(page.locator(".hit > .path").first).to_have_text(name)
    assert paths(page) == second
    page.go_back()
    expect(page.locator(".card .path")).to_have_text("coffee photo.jpg")
    assert paths(page)[: len(first)] == first
    assert page.evaluate("document.activeElement.ariaLabel") == f"More like {name}"
    page.go_forward()
    expect(page.locator(".card .path")).to_have_text(re.compile("^picture "))
    assert paths(page) == second
    # What was found is kept, not searched for again.
    assert [url for url in asked if url.endswith("/v1/search")] == []


def test_the_way_back_leads_to_where_the_hits_were_read(page, search_by):
    search_by(page)
    name, _ = more_like(page, 40)
    until(page, "scrollY === 0")
    page.go_back()
    expect(page.get_by_role("button", name=f"More like {name}", exact=True)).to_be_in_viewport()


def test_hits_that_other_ways_to_search_would_not_find_are_not_brought_back(page, search_by):
    search_by(page, "astronaut")
    more_like(page, 3)
    searched(page, page.get_by_label("Also mirrored and turned").check)
    _, answer = searched(page, page.go_back)
    assert [hit["info"]["edit"] for hit in answer["hits"][:2]] == ["photo", "mirrored"]


def test_a_picture_that_is_dropped_on_the_collection_is_searched_by_alone(page, search_by, photo):
    search_by(page)
    page.get_by_role("link", name="Collection").click()
    expect(page.locator("#search-view")).to_be_hidden()
    data = base64.b64encode(photo("moon").read_bytes()).decode()
    searched(page, lambda: page.evaluate(FILE, ["drop", data, "m.jpg"]))
    expect(page.locator("#notice")).to_have_text("Searching by m.jpg.")
    expect(page.locator("#collection-view")).to_be_hidden()
    expect(page.locator(".card .path")).to_have_text("m.jpg")
    assert paths(page)[0] == "moon photo.jpg"
    page.go_back()
    expect(page.locator("#collection-view")).to_be_visible()
    page.go_back()
    expect(page.locator(".card .path")).to_have_text("coffee photo.jpg")
    assert paths(page)[0] == "coffee photo.jpg"


def test_filters_are_built_of_the_keys_that_exist(page, search_by):
    search_by(page)
    add = page.get_by_role("button", name="Add a filter")
    searched(page, add.click)
    row = page.locator(".condition")
    assert row.get_by_label("Key").locator("option").all_inner_texts()[-5:] == ["edit", "label", "seen", "year", "added"]
    searched(page, lambda: row.get_by_label("Key").select_option("edit"))
    _, answer = searched(page, lambda: row.get_by_label("Value").select_option("mirrored"))
    assert {hit["info"]["edit"] for hit in answer["hits"]} == {"mirrored"}
    searched(page, lambda: row.get_by_label("Comparison").select_option("in"))
    _, answer = searched(page, lambda: row.get_by_label("Value").select_option(["mirrored", "cropped"]))
    assert {hit["info"]["edit"] for hit in answer["hits"]} == {"mirrored", "cropped"}
    searched(page, lambda: row.get_by_label("Key").select_option("year"))
    searched(page, lambda: row.get_by_label("Comparison").select_option("lt"))
    row.get_by_label("Value").fill("2003")
    _, answer = searched(page, lambda: row.get_by_label("Value").press("Tab"))
    assert {hit["info"]["year"] for hit in answer["hits"]} == {2000, 2001, 2002}
    searched(page, lambda: row.get_by_label("Key").select_option("create_time"))
    row.get_by_label("Value").fill("2001-01-01T00:00")
    _, answer = searched(page, lambda: row.get_by_label("Value").press("Tab"))
    assert len(answer["hits"]) == 48
    _, answer = searched(page, page.get_by_role("button", name="Remove this filter").click)
    assert len(answer["hits"]) == 48


def test_a_key_with_values_of_several_kinds_is_filtered_by_each(page, search_by):
    search_by(page)
    searched(page, page.get_by_role("button", name="Add a filter").click)
    row = page.locator(".condition")
    searched(page, lambda: row.get_by_label("Key").select_option("seen"))
    assert row.get_by_label("Comparison").locator("optgroup").evaluate_all("all => all.map((one) => one.label)") == [
        "as true or false",
        "as a number",
        "as a text",
    ]
    _, answer = searched(page, lambda: row.get_by_label("Value").select_option("true"))
    assert {hit["info"]["seen"] for hit in answer["hits"]} == {True}
    searched(page, lambda: row.get_by_label("Comparison").select_option("≥"))
    row.get_by_label("Value").fill("2")
    _, answer = searched(page, lambda: row.get_by_label("Value").press("Tab"))
    assert {hit["info"]["seen"] for hit in answer["hits"]} == {2}
    searched(page, lambda: row.get_by_label("Comparison").select_option("is one of"))
    _, answer = searched(page, lambda: row.get_by_label("Value").select_option(["never", "twice"]))
    assert {hit["info"]["seen"] for hit in answer["hits"]} == {"never", "twice"}


def test_flips_and_the_lowest_score_are_asked_for(page, search_by):
    search_by(page, "astronaut")
    _, answer = searched(page, page.get_by_label("Also mirrored and turned").check)
    assert [hit["info"]["edit"] for hit in answer["hits"][:2]] == ["photo", "mirrored"]
    page.get_by_label("Lowest score").fill("0.9")
    _, answer = searched(page, lambda: page.get_by_label("Lowest score").press("Tab"))
    assert min(hit["score"] for hit in answer["hits"]) >= 0.9


def test_several_pictures_have_weights_and_a_negative_one_leads_away(page, search_by, photo):
    search_by(page)
    request, _ = searched(page, lambda: page.set_input_files("#file", photo("grass")))
    assert [query["weight"] for query in request.post_data_json["queries"]] == [1, 1]
    slider = page.get_by_label("Weight").nth(1)

    def pull():
        slider.fill("-1")

    request, answer = searched(page, pull)
    assert [query["weight"] for query in request.post_data_json["queries"]] == [1, -1]
    assert "grass" not in {hit["info"]["label"] for hit in answer["hits"][:10]}
    expect(page.locator(".card output").nth(1)).to_have_text("-1 (away from it)")
    request, _ = searched(page, page.get_by_role("button", name="Remove grass photo.jpg").click)
    # One file alone is sent as a form.
    assert request.headers["content-type"].startswith("multipart/form-data")


def test_two_pictures_are_seen_side_by_side(page, search_by):
    search_by(page)
    page.locator(".hit").nth(1).get_by_role("button", name="Compare").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator("img")).to_have_count(2)
    expect(dialog.locator(".verdict")).to_contain_text("Score 0.")
    until(page, "[...document.querySelectorAll('dialog img')].every((image) => image.naturalWidth > 0)")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_a_copy_is_named_so_and_what_both_have_in_common_is_drawn(page, search_by):
    search_by(page)
    _, answer = searched(page, page.get_by_label("Look for copies closely").check)
    assert answer["hits"][0]["class"] == "exact"
    expect(page.locator(".hit").first.locator(".class")).to_have_text("same")
    names = [hit["image_path"].rpartition("/")[2] for hit in answer["hits"]]
    cropped = names.index("coffee cropped.jpg")
    hit = page.locator(".hit").nth(cropped)
    assert answer["hits"][cropped]["class"] in ("edited", "same_scene")
    expect(hit.locator(".class")).to_have_text(re.compile("copy|same scene"))
    hit.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("dialog").locator("polygon")).to_have_count(2)
    expect(page.get_by_role("dialog").locator(".verdict")).to_have_text(
        re.compile(r"^Score 0\.\d{3}: (copy|same scene), with a probability of \d+ %$")
    )
    drawn = page.locator("polygon").first.get_attribute("points").split(" ")
    corners = [tuple(map(float, corner.split(","))) for corner in drawn]
    assert corners == [tuple(corner) for corner in answer["hits"][cropped]["verified"]["area"]["query"]]


def test_the_time_of_each_stage_is_drawn(page, search_by):
    search_by(page)
    assert {text.split()[0] for text in page.locator(".timing .legend li").all_inner_texts()} >= {"decode", "embed", "search"}
    assert page.locator(".timing .bar span").count() == page.locator(".timing .legend li").count()


def test_words_are_searched_by_only_where_the_model_takes_them(page):
    expect(page.get_by_label("Address of a picture")).to_be_visible()
    expect(page.get_by_label("Words for what is on it")).to_be_hidden()
