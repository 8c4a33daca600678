"""The page's view of the collection: counts, imports as they go, failures and their second chance."""

import time

import pytest
from playwright.sync_api import expect

from imagesearch.errors import NotAnImage
from imagesearch.stores.sql.failed import Failed
from imagesearch.stores.sql.verdicts import Fault
from imagesearch.types import AddRequest
from tests.fixtures.whole_service import png
from tests.integration.page.conftest import SCRIPT, until


@pytest.fixture
def collection(open_page, address):
    return open_page(address + "/#collection")


@pytest.fixture
def failed(service):
    """Add rows that fail, with what a stranger may have written in name and reason."""

    def fail(*names):
        rows = service.stores.add_log.append([AddRequest(f"/{name}") for name in names])
        service.stores.ledger.commit([], [Fault(row, NotAnImage(f"no picture: {row.image_path}")) for row in rows], 5)

    return fail


def tile(page, name):
    return page.locator(".tile").filter(has_text=name).locator("dd")


def test_counts_are_shown_and_kept_fresh(collection, service):
    expect(tile(collection, "Pictures")).to_have_text("67")
    expect(tile(collection, "Vectors")).to_have_text("67")
    expect(tile(collection, "Oldest waits")).to_have_text("none")
    (row,) = service.stores.add_log.append([AddRequest("/waits.png")])
    expect(tile(collection, "Waiting")).to_have_text("1")
    expect(tile(collection, "Oldest waits")).not_to_have_text("none")
    service.stores.ledger.commit([], [Fault(row, NotAnImage("no"))], 5)
    expect(tile(collection, "Waiting")).to_have_text("0")


def test_an_import_is_asked_for_and_followed_to_its_end(collection, service):
    folder = service.folder / "more"
    folder.mkdir()
    for seed in range(5):
        (folder / f"{seed}.png").write_bytes(png(seed))
    (folder / "list.csv").write_text("path,label\n" + "".join(f"{n}.png,square\n" for n in range(5)) + ",nothing\n")
    with collection.expect_response(lambda answer: answer.url.endswith("/events")) as news:
        collection.get_by_label("Folder, glob").fill(str(folder / "list.csv"))
        collection.get_by_role("button", name="Import", exact=True).click()
    assert news.value.headers["content-type"].startswith("text/event-stream")
    row = collection.locator(".imports > li").first
    expect(row).to_contain_text("5 waiting")
    # Nobody touches the page from here on: what it shows comes by the stream.
    service.load()
    expect(row.locator(".state")).to_have_text("finished")
    expect(row).to_contain_text("5 loaded")
    expect(row).to_contain_text("1 bad lines")
    row.get_by_text("What went wrong").click()
    expect(row.locator(".faults code")).to_have_text("bad_line")
    expect(tile(collection, "Pictures")).to_have_text("72")


def test_an_import_is_paused_resumed_and_cancelled(collection, service):
    (service.folder / "one.csv").write_text("path\n1.png\n")
    collection.get_by_label("Folder, glob").fill(str(service.folder / "one.csv"))
    collection.get_by_role("button", name="Import", exact=True).click()
    row = collection.locator(".imports > li").filter(has_text="one.csv")
    expect(row).to_contain_text("1 waiting")
    row.get_by_role("button", name="pause").click()
    expect(row.locator(".state")).to_have_text("paused")
    row.get_by_role("button", name="resume").click()
    expect(row.locator(".state")).to_have_text("loading")
    row.get_by_role("button", name="cancel").click()
    expect(row.locator(".state")).to_have_text("finished")
    expect(row.get_by_role("button")).to_have_count(0)


def test_a_source_that_may_not_be_read_is_refused_in_the_service_s_words(collection):
    collection.get_by_label("Folder, glob").fill("/etc/")
    collection.get_by_role("button", name="Import", exact=True).click()
    expect(collection.locator("#notice .error")).not_to_be_empty()


def test_failures_are_told_with_their_reasons_and_tried_again(failed, open_page, address, service):
    failed("broken.png", SCRIPT)
    page = open_page(address + "/#collection")
    row = page.locator("tbody tr").filter(has_text="broken.png")
    expect(row).to_contain_text("not_an_image")
    expect(row).to_contain_text("no picture: /broken.png")
    expect(page.locator("tbody")).to_contain_text(SCRIPT)
    before = service.stores.add_log.backlog().failed
    page.get_by_role("button", name="Try all of them again").click()
    expect(page.locator("#notice .good")).to_contain_text("to be loaded again")
    expect(page.locator("tbody tr")).to_have_count(0)
    assert service.stores.add_log.backlog().failed < before
    rows = list(service.stores.waiting.rows(service.stores.waiting.fresh(0, None, 1000)))
    service.stores.ledger.commit([], [Fault(one, NotAnImage("no")) for one in rows], 5)


def test_failures_come_and_go_while_the_view_is_open(failed, collection, service):
    row = collection.locator("tbody tr").filter(has_text="late.png")
    expect(tile(collection, "Pictures")).not_to_be_empty()
    failed("late.png")
    expect(row).to_contain_text("no picture: /late.png")
    Failed(service.stores.database).retry(0)
    expect(row).to_have_count(0)
    expect(tile(collection, "Waiting")).not_to_have_text("0")
    rows = list(service.stores.waiting.rows(service.stores.waiting.fresh(0, None, 1000)))
    service.stores.ledger.commit([], [Fault(one, NotAnImage("no")) for one in rows], 5)


def test_many_failures_come_a_page_at_a_time_and_stay(failed, open_page, address):
    failed(*(f"{n}.png" for n in range(60)))
    page = open_page(address + "/#collection")
    expect(page.locator("tbody tr")).to_have_count(50)
    page.get_by_role("button", name="Show more").click()
    until(page, "document.querySelectorAll('tbody tr').length >= 60")
    shown = page.locator("tbody tr").count()
    failed("another.png")
    expect(page.get_by_role("button", name="Show more")).to_be_visible()
    assert page.locator("tbody tr").count() == shown
    page.get_by_role("button", name="Show more").click()
    expect(page.locator("tbody tr").last).to_contain_text("another.png")


def test_good_news_go_by_themselves_and_bad_ones_when_they_are_dismissed(failed, open_page, address, service):
    failed("once.png")
    page = open_page(address + "/#collection")
    page.get_by_role("button", name="Try all of them again").click()
    expect(page.locator("#notice .good")).to_be_visible()
    expect(page.locator("#notice")).to_be_empty()
    page.get_by_label("Folder, glob").fill("/etc/")
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.locator("#notice .error")).to_be_visible()
    # Longer than good news stay.
    time.sleep(9)
    expect(page.locator("#notice .error")).to_be_visible()
    page.get_by_role("button", name="Dismiss").click()
    expect(page.locator("#notice")).to_be_empty()
    rows = list(service.stores.waiting.rows(service.stores.waiting.fresh(0, None, 1000)))
    service.stores.ledger.commit([], [Fault(one, NotAnImage("no")) for one in rows], 5)


def hide(page, hidden):
    """What a browser does whose tab is put behind another one."""
    page.evaluate(
        """(hidden) => {
          Object.defineProperty(document, "hidden", { get: () => hidden, configurable: true });
          document.dispatchEvent(new Event("visibilitychange"));
        }""",
        hidden,
    )


def test_a_hidden_tab_asks_nothing_and_looks_when_it_is_seen_again(collection, service):
    (service.folder / "hidden.csv").write_text("path\nnone.png\n")
    collection.get_by_label("Folder, glob").fill(str(service.folder / "hidden.csv"))
    collection.get_by_role("button", name="Import", exact=True).click()
    row = collection.locator(".imports > li").filter(has_text="hidden.csv")
    expect(row).to_contain_text("1 waiting")
    hide(collection, True)
    asked = []
    collection.on("request", lambda request: asked.append(request.url.rpartition("/")[2].partition("?")[0]))
    rows = list(service.stores.waiting.rows(service.stores.waiting.fresh(0, None, 1000)))
    service.stores.ledger.commit([], [Fault(one, NotAnImage("no")) for one in rows], 5)
    time.sleep(4)
    assert asked == []
    hide(collection, False)
    # The import is followed again, too.
    expect(row.locator(".state")).to_have_text("finished")
    assert {"stats", "failures", "events"} <= set(asked)


def test_the_page_asks_nothing_while_the_view_is_closed(collection):
    expect(tile(collection, "Pictures")).not_to_be_empty()
    collection.get_by_role("link", name="Search", exact=True).click()
    asked = []
    collection.on("request", lambda request: asked.append(request.url))
    # Longer than the pause between two looks.
    time.sleep(3.5)
    assert asked == []
