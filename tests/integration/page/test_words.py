"""Searching by words on the page, where the model reads them: a tiny CLIP of random weights, which knows no meanings."""

import re

import numpy as np
import pytest
from playwright.sync_api import expect

from config.sections import ModelSettings
from imagesearch.types import AddRequest
from tests.fixtures.fresh_stores import fresh
from tests.fixtures.queries import opened
from tests.fixtures.whole_service import png, services
from tests.integration.page.conftest import SCRIPT, behind_a_port
from tests.integration.page.test_looks import violations
from tests.integration.page.test_searching import paths, searched

PICTURES = 8


@pytest.fixture(scope="module")
def reading(tmp_path_factory, milvus_lite_uri, tiny_clip):
    """A service whose model takes words as well."""
    with services(tmp_path_factory.mktemp("words")) as open_service:
        model = ModelSettings(name=tiny_clip, weights="random", runtime="torch", device="cpu", threads=1)
        service = open_service(milvus_lite_uri, model=model)
        fresh(service.settings, service.stores.fingerprint.collection)
        for seed in range(PICTURES):
            (service.folder / f"{seed}.png").write_bytes(png(seed))
        service.stores.add_log.append([AddRequest(str(service.folder / f"{seed}.png"), {"seed": seed}) for seed in range(PICTURES)])
        service.load()
        yield service


@pytest.fixture(scope="module")
def ranking(reading):
    """The names of all pictures as a vector ranks them, best first, reckoned without an index."""
    seen = reading.encoder.encode(np.stack([reading.encoder.prepare(opened(png(n))) for n in range(PICTURES)]))
    return lambda vector: [f"{n}.png" for n in np.argsort(-(seen @ vector), kind="stable")]


@pytest.fixture(scope="module")
def address(reading):
    with behind_a_port(reading.api) as address:
        yield address


@pytest.fixture
def write(page):
    """Type words into the field as a person does, and search by them; the request and the answer."""

    def written(words):
        page.get_by_label("Words for what is on it").fill(words)
        return searched(page, lambda: page.keyboard.press("Enter"))

    return written


def test_words_find_what_is_near_them_and_lead_on(page, reading, ranking, write):
    page.get_by_label("Words for what is on it").click()
    page.keyboard.type("a red car")
    request, answer = searched(page, lambda: page.keyboard.press("Enter"))
    assert request.post_data_json["text"] == "a red car"
    assert paths(page) == ranking(reading.texts.encode(["a red car"])[0])
    expect(page.locator(".card .words")).to_have_text("“a red car”")
    expect(page.get_by_label("Words for what is on it")).to_have_value("")
    expect(page.locator("#results .summary")).to_contain_text(f"{PICTURES} pictures, best first, in")
    expect(page.locator(".timing .legend")).to_contain_text("embed")
    expect(page.locator(".hit").first.locator(".score b")).to_have_text(f"{answer['hits'][0]['score']:.3f}")
    _, alike = searched(page, lambda: page.locator(".hit").nth(1).get_by_role("button", name=re.compile("^More like")).click())
    assert alike["hits"][0]["milvus_id"] == answer["hits"][1]["milvus_id"]
    page.go_back()
    expect(page.locator(".card .words")).to_have_text("“a red car”")
    expect(page.locator(".hit > .path").first).to_have_text(ranking(reading.texts.encode(["a red car"])[0])[0])


def test_what_only_a_picture_can_be_asked_is_not_offered_for_words(page, write):
    write("a red car")
    expect(page.get_by_label("Lowest score")).to_be_visible()
    for only in ("Also mirrored and turned", "Look for copies closely"):
        expect(page.get_by_label(only)).to_be_hidden()
    # There is no picture beside which a hit could be looked at.
    expect(page.get_by_role("button", name="Compare")).to_have_count(0)


def test_words_and_a_picture_are_searched_by_together(page, reading, ranking, write):
    page.set_input_files("#file", reading.folder / "3.png")
    page.wait_for_selector(".hit")
    request, _ = write("two dogs")
    assert [(set(one) - {"image_base64"}, one["weight"]) for one in request.post_data_json["queries"]] == [
        ({"weight"}, 1),
        ({"text", "weight"}, 1),
    ]
    words = reading.texts.encode(["two dogs"])[0]
    image = reading.encoder.encode(reading.encoder.prepare(opened(png(3)))[None])[0]
    assert paths(page) == ranking(words + image)
    # Away from the words: their weight is turned below nothing with the keys.
    weight = page.locator(".card", has_text="two dogs").get_by_role("slider")
    weight.focus()
    request, _ = searched(page, lambda: page.keyboard.press("Home"))
    assert request.post_data_json["queries"][1] == {"text": "two dogs", "weight": -2}
    assert paths(page) == ranking(image - 2 * words)
    # Compared is with the picture, the one of the two that has an area.
    page.locator(".hit").nth(1).get_by_role("button", name="Compare").click()
    expect(page.get_by_role("dialog").locator(".verdict")).to_contain_text("Score")


def test_filters_and_another_search_work_as_with_pictures(page, write):
    write("snow")
    searched(page, page.get_by_role("button", name="Add a filter").click)
    searched(page, lambda: page.get_by_label("Key").select_option("seed"))
    searched(page, lambda: page.get_by_label("Comparison").select_option("lt"))
    request, _ = searched(page, lambda: (page.get_by_label("Value").fill("3"), page.keyboard.press("Tab")))
    assert request.post_data_json["filter"] == {"seed": {"lt": 3}}
    assert sorted(paths(page)) == ["0.png", "1.png", "2.png"]
    page.get_by_role("button", name="Remove snow").click()
    expect(page.locator(".hit")).to_have_count(0)


@pytest.mark.parametrize("words", [SCRIPT, "ein Fluß, 写真 😀", "<end_of_text> \u202e &amp; %00"])
def test_any_words_are_text_and_nothing_else(page, write, words):
    request, answer = write(words)
    assert request.post_data_json["text"] == words
    assert len(answer["hits"]) == PICTURES
    expect(page.locator(".card .words")).to_have_text(f"“{words}”")
    assert page.locator(".card img, .card script").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1200])
def test_axe_finds_nothing_and_nothing_is_too_wide(open_page, address, width, scheme):
    page = open_page(address, viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce")
    expect(page.get_by_label("Words for what is on it")).to_be_visible()
    assert violations(page) == []
    # The one card fills the window, and what was found begins below it.
    page.get_by_label("Words for what is on it").fill("long " * 199)
    searched(page, lambda: page.keyboard.press("Enter"))
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.locator(".hit").last.scroll_into_view_if_needed()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
