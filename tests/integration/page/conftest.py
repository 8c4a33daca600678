"""The page in Debian's Chromium, on the real service behind a port of 127.0.0.1; one of each for a module."""

from __future__ import annotations

import itertools
import shutil
import socket
import threading
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path

import pytest
import uvicorn
from PIL import Image
from playwright.sync_api import expect, sync_playwright

from config.sections import ImageSettings, SourceSettings, VerifySettings
from imagesearch.types import AddRequest
from tests.fixtures.fresh_stores import fresh
from tests.fixtures.whole_service import services

# Whatever a stranger may write: in a text, in an attribute, in a name.
SCRIPT = '<img src=x onerror="window.hurt=1"><script>window.hurt=1</script>'
# A slow machine gets there too; a test that passes waits for nothing.
PATIENCE_S = 90
expect.set_options(timeout=1000 * PATIENCE_S)
BROWSER_NAMES = ("chromium", "chromium-browser", "google-chrome")


@contextmanager
def behind_a_port(api, port=0):
    """Serve in a thread, since the browser is driven from this one; the address."""
    with socket.create_server(("127.0.0.1", port)) as listening:
        server = uvicorn.Server(uvicorn.Config(api, log_config=None, lifespan="off", timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def until(page, so, patience_s=PATIENCE_S):
    """Wait until an expression holds on the page; Playwright's own way compiles text there, which the page's policy forbids."""
    for _ in range(patience_s * 20):
        if page.evaluate(so):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"it did not come to that: {so}")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("page")


@pytest.fixture(scope="module")
def open_service(home):
    with services(home) as open_it:
        yield open_it


class Silent(SimpleHTTPRequestHandler):
    """Says nothing of what it serves."""

    def log_message(self, *_words):
        pass


@pytest.fixture(scope="module")
def elsewhere(home):
    """Where a web server listens, host:port, from which the service may fetch its own pictures."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Silent, directory=home / "pictures")) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


# All hits of a page are verified, however slow the machine is.
PATIENT = VerifySettings(budget_ms=60_000)


def photographs(folder: Path) -> list[Path]:
    """Photographs of scikit-image's wheel, and edited copies of each: what a search is to find."""
    spec = find_spec("skimage")
    data = Path(spec.submodule_search_locations[0]) / "data"
    names = [
        "astronaut",
        "brick",
        "camera",
        "cell",
        "chelsea",
        "coffee",
        "coins",
        "color",
        "grass",
        "gravel",
        "horse",
        "ihc",
        "moon",
    ]
    names += ["page", "text", "hubble_deep_field", "rocket", "retina", "motorcycle_left", "motorcycle_right", "phantom", "logo"]
    made = []
    for name in names:
        found = next(data.glob(f"{name}.*"))
        with Image.open(found) as image:
            rgb = image.convert("RGB")
        rgb.thumbnail((480, 480))
        width, height = rgb.size
        for kind, copy in (
            ("photo", rgb),
            ("cropped", rgb.crop((width // 8, height // 8, width, height))),
            ("mirrored", rgb.transpose(Image.Transpose.FLIP_LEFT_RIGHT)),
        ):
            copy.save(folder / f"{name} {kind}.jpg", quality=80)
            made.append(folder / f"{name} {kind}.jpg")
    return made


@pytest.fixture(scope="module")
def service(open_service, milvus_lite_uri, home, elsewhere):
    service = open_service(
        milvus_lite_uri,
        images=ImageSettings(max_bytes=2_000_000, max_pixels=4_000_000),
        sources=SourceSettings(roots=(home / "pictures",), http=True, http_private_hosts=(elsewhere,)),
        verify=PATIENT,
    )
    fresh(service.settings, service.stores.fingerprint.collection)
    paths = photographs(service.folder)
    hostile = service.folder / f"{SCRIPT.replace('/', '')}.jpg"
    shutil.copy(service.folder / "coffee photo.jpg", hostile)
    with Image.open(hostile) as image:
        image.rotate(5).save(hostile)
    seen = itertools.cycle([True, 1, 2, "never", "twice"])
    said = [
        {"label": path.stem.rpartition(" ")[0], "edit": path.stem.rpartition(" ")[2], "year": 2000 + n, "seen": next(seen)}
        for n, path in enumerate(paths)
    ]
    service.stores.add_log.append(
        [AddRequest(str(path), info) for path, info in zip(paths, said, strict=True)]
        + [AddRequest(str(hostile), {"label": SCRIPT, SCRIPT: True, "edit": "hostile"})]
    )
    service.load()
    return service


@pytest.fixture(scope="module")
def address(service):
    with behind_a_port(service.api) as address:
        yield address


@pytest.fixture(scope="module")
def browser():
    found = next((path for path in map(shutil.which, BROWSER_NAMES) if path), None)
    assert found, "the page's tests need chromium: sh tests/servers.sh"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser):
    """A function that opens the page; when the test ends, nothing may have been blocked, thrown or run that was not ours."""
    contexts, wrong = [], []

    def open_it(address, **options):
        context = browser.new_context(**{"viewport": {"width": 1200, "height": 900}, **options})
        contexts.append(context)
        context.set_default_timeout(1000 * PATIENCE_S)
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda said: wrong.append(said.text) if "Content Security Policy" in said.text else None)
        page.add_init_script(
            "addEventListener('securitypolicyviolation', (e) => console.error('Content Security Policy', e.violatedDirective))"
        )
        page.goto(address)
        return page

    yield open_it
    hurt = [page.evaluate("window.hurt") for context in contexts for page in context.pages]
    for context in contexts:
        context.close()
    assert (wrong, [one for one in hurt if one is not None]) == ([], [])


@pytest.fixture
def page(open_page, address):
    return open_page(address)


@pytest.fixture
def photo(service):
    """The path of a photograph that is in the collection, by its name."""
    return lambda name: service.folder / f"{name} photo.jpg"


@pytest.fixture
def search_by(photo):
    """Choose a photograph of the collection as a person does, and wait for its first hits."""

    def chosen(page, name="coffee"):
        page.set_input_files("#file", photo(name))
        page.wait_for_selector(".hit")
        return page

    return chosen
