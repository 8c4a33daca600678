"""The page against strangers, a busy service and a lost connection; how its files are sent."""

import re

import httpx
import pytest
from playwright.sync_api import Error, expect

from config.sections import AuthSettings, ImageSettings, RedisSettings
from imagesearch.keys import Role
from imagesearch.stores.sql.migrate import migrate
from tests.integration.page.conftest import SCRIPT, behind_a_port, until


@pytest.fixture(scope="module")
def guarded(open_service, service, milvus_lite_uri, redis_server):
    """The same collection behind keys."""
    guarded = open_service(
        milvus_lite_uri,
        images=ImageSettings(max_bytes=2_000_000, max_pixels=4_000_000),
        auth=AuthSettings(keys=True, cache_s=0, rate_limit_open=False),
        redis=RedisSettings(url=redis_server.url),
    )
    migrate(guarded.settings.sql)
    with behind_a_port(guarded.api) as address:
        yield guarded, address


# What a screen reader is given: what is put into the line, and is not hidden from it.
READ_OUT = """() => {
  window.readOut = [];
  new MutationObserver((all) => {
    for (const { target, addedNodes } of all) {
      if (target.closest("[aria-hidden]")) continue;
      for (const node of addedNodes) {
        const copy = node.cloneNode(true);
        if (copy.querySelector) for (const hidden of copy.querySelectorAll("[aria-hidden]")) hidden.remove();
        window.readOut.push(copy.textContent);
      }
    }
  }).observe(document.getElementById("notice"), { childList: true, subtree: true });
}"""


def use(page, text):
    page.get_by_label("API key").fill(text)
    page.get_by_role("button", name="Use this key").click()


def test_what_strangers_wrote_is_text(page, service):
    page.set_input_files(
        "#file",
        {"name": f"{SCRIPT}.jpg", "mimeType": "image/jpeg", "buffer": service.folder.joinpath("coffee photo.jpg").read_bytes()},
    )
    hit = page.locator(".hit").filter(has_text="onerror").first
    expect(hit.locator("> dl")).to_contain_text(SCRIPT)
    hit.get_by_text("Details").click()
    hit.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("dialog")).to_contain_text("onerror")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Add a filter").click()
    page.locator(".condition").get_by_label("Key").select_option(SCRIPT)
    expect(page.locator(".card .path")).to_have_text(f"{SCRIPT}.jpg")
    page.evaluate("location.hash = '#like/' + encodeURIComponent('<img src=x onerror=hurt=1>')")
    assert page.locator("script:not([src]), img[onerror]").count() == 0
    # That the script did not run is looked at when the test ends; here, that it would have been seen.
    assert page.evaluate("window.hurt") is None


def test_markup_and_styles_put_into_the_page_would_be_blocked(browser, address):
    page = browser.new_page()
    said = []
    page.on("console", lambda one: said.append(one.text))
    page.goto(address)
    with pytest.raises(Error, match="TrustedHTML"):
        page.evaluate("document.body.innerHTML = '<img src=x onerror=window.hurt=1>'")
    page.evaluate("document.body.setAttribute('style', 'color: red')")
    page.evaluate("new Promise((resolve) => { setTimeout(resolve, 100); })")
    assert any("style-src" in one for one in said)
    page.close()


def test_the_page_s_files_are_hardened_packed_and_kept(address):
    with httpx.Client(base_url=address) as client:
        index = client.get("/")
        policy = index.headers["content-security-policy"]
        assert "unsafe" not in policy
        assert {"default-src 'none'", "frame-ancestors 'none'", "script-src 'self'", "base-uri 'none'"} <= set(policy.split("; "))
        assert index.headers["x-content-type-options"] == "nosniff"
        assert index.headers["cache-control"] == "no-cache"
        script = index.text.split('type="module" src="')[1].split('"')[0]
        answer = client.get(script, headers={"accept-encoding": "gzip"})
        assert (answer.headers["content-encoding"], answer.headers["content-type"]) == ("gzip", "text/javascript; charset=utf-8")
        assert "immutable" in answer.headers["cache-control"]
        plain = client.get(script, headers={"accept-encoding": "identity"})
        assert "content-encoding" not in plain.headers
        assert plain.text == answer.text
        for path in ("/", script):
            tag = client.get(path).headers["etag"]
            again = client.get(path, headers={"if-none-match": tag})
            assert (again.status_code, again.content) == (304, b"")
        # The page of another version, while that is rolled out: served, not kept.
        other = script.replace(script.split("/")[1], "0" * 16)
        assert client.get(other).headers["cache-control"] == "no-cache"
        for path in ("page/x/nothing.js", "page/x/..%2fapi.py", "page/x/%2e%2e", "page/x/page_files.py"):
            assert client.get(path).status_code == 404, path


def test_a_service_with_keys_asks_for_one_once(guarded, open_page, photo):
    service, address = guarded
    _, text = service.stores.keys.create("somebody", {Role.SEARCH, Role.ADD})
    page = open_page(address)
    use(page, "isk_0123456789abcdef_" + "a" * 43)
    expect(page.get_by_role("dialog")).to_contain_text("no such API key")
    use(page, text)
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.set_input_files("#file", photo("coffee"))
    page.wait_for_selector(".hit")
    # The thumbnails need it, too.
    until(page, "document.querySelector('.hit img').naturalWidth > 0")
    page.reload()
    page.get_by_role("link", name="Collection").click()
    expect(page.locator(".tile").first).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert page.evaluate("[localStorage.length, document.cookie]") == [0, ""]


def test_what_a_key_may_not_see_is_said_and_the_rest_works(guarded, open_page, photo):
    service, address = guarded
    _, text = service.stores.keys.create("seeker", {Role.SEARCH}, namespaces={"default"})
    page = open_page(address + "/#collection")
    use(page, text)
    expect(page.locator("#collection")).to_contain_text("the counts are of all namespaces")
    expect(page.locator("#collection")).to_contain_text("it lacks the role add")
    page.get_by_role("link", name="Search", exact=True).click()
    page.set_input_files("#file", photo("coffee"))
    page.wait_for_selector(".hit")


def test_a_busy_service_is_waited_for(guarded, open_page, photo):
    service, address = guarded
    _, text = service.stores.keys.create("hasty", {Role.SEARCH}, per_minute=12)
    with httpx.Client(base_url=address, headers={"Authorization": f"Bearer {text}"}) as client:
        while client.get("/v1/info-keys").status_code == 200:
            pass
    page = open_page(address)
    page.evaluate(READ_OUT)
    use(page, text)
    expect(page.locator("#notice")).to_contain_text("Busy, trying again in")
    expect(page.locator("#notice")).not_to_contain_text("Busy")
    # The seconds that are left are for the eye.
    assert page.evaluate("window.readOut") == ["Busy, trying again"]
    page.set_input_files("#file", photo("coffee"))
    page.wait_for_selector(".hit")


def test_a_lost_connection_is_said_and_mended(service, open_page, photo):
    with behind_a_port(service.api) as address:
        page = open_page(address)
        page.wait_for_selector(".drop")
    port = int(address.rpartition(":")[2])
    page.set_input_files("#file", photo("coffee"))
    expect(page.locator("#notice")).to_contain_text("Connection lost")
    with behind_a_port(service.api, port):
        page.wait_for_selector(".hit")
        expect(page.locator("#notice")).to_contain_text("Connected again")


def test_a_slow_link_delays_answers_and_mixes_none_up(open_page, address, photo):
    page = open_page(address)
    link = page.context.new_cdp_session(page)
    slow = {"offline": False, "latency": 400, "downloadThroughput": 50_000, "uploadThroughput": 50_000}
    link.send("Network.enable")
    link.send("Network.emulateNetworkConditions", slow)
    page.reload()
    # Asked again before the first answer has come: only what was asked last is shown.
    page.set_input_files("#file", photo("moon"))
    page.wait_for_selector("#results[aria-busy]")
    page.get_by_role("button", name=re.compile("^Remove moon")).click()
    page.set_input_files("#file", photo("coffee"))
    expect(page.locator(".hit > .path").first).to_have_text("coffee photo.jpg")
    expect(page.locator("#results:not([aria-busy])")).to_have_count(1)
    expect(page.locator(".card")).to_have_count(1)
    until(page, "document.querySelector('.hit img').naturalWidth > 0")
