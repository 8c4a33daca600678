"""Imports on a running stack: read by a Ray actor, whose death and whose callers' deaths lose and double nothing."""

import json
import os
import subprocess
import sys
import time

import httpx
import psutil
import pytest
from sqlalchemy import func, select

from cli.stack.stack import status
from config.settings import PROJECT_ROOT
from imagesearch.stores.sql.database import Database
from imagesearch.stores.sql.tables import image_add_log as log
from tests.e2e.conftest import drawing

LINES = 15_000
PATIENCE_S = 280

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def http(stack):
    with httpx.Client(base_url=f"http://127.0.0.1:{stack.http.port}", timeout=60) as client:
        yield client


@pytest.fixture
def folder(stack, tmp_path):
    """A folder that callers of HTTP may name."""
    stack.sources.roots_file.parent.mkdir(exist_ok=True)
    with stack.sources.roots_file.open("a") as roots:
        roots.write(f"{tmp_path}\n")
    return tmp_path


@pytest.fixture
def started(http, folder):
    """Start an import of so many lines and return its address, once some of it was read."""

    def start(lines=LINES):
        path = folder / "m.csv"
        path.write_text("path,n\n" + "".join(f"{n}.jpg,{n}\n" for n in range(lines)))
        answer = http.post("/v1/imports", json={"source": str(path)})
        assert answer.status_code == 202, answer.text
        href = answer.json()["href"]
        until(http, href, lambda view: view["lines"]["read"] >= 500)
        return href

    return start


def until(http, href, so):
    end = time.monotonic() + PATIENCE_S
    while True:
        try:
            answer = http.get(href)
        except httpx.TransportError:
            # Its replica was just killed.
            answer = None
        view = answer.json() if answer is not None and answer.status_code == 200 else None
        if view is not None and so(view):
            return view
        assert time.monotonic() < end, f"it did not come to that: {view}"
        time.sleep(0.1)


def kill(stack, title):
    """Kill -9 the worker processes whose title, as Ray sets it, begins like this."""
    ray = psutil.Process(status(stack.home)["ray"])
    found = [one for one in ray.children(recursive=True) if " ".join(one.cmdline()).startswith(title)]
    assert found, f"no process is called {title}"
    for one in found:
        one.kill()


def rows_of(stack, href):
    """How many rows an import has, and how many different ones."""
    database = Database(stack.sql)
    number = int(href.rsplit("/", 1)[-1])
    query = select(func.count(), func.count(log.c.image_path.distinct())).where(log.c.import_id == number)
    with database.read() as connection:
        counted = tuple(connection.execute(query).one())
    database.close()
    return counted


def test_an_import_whose_reader_is_killed_goes_on_and_loses_and_doubles_nothing(stack, http, started):
    href = started()
    kill(stack, "ray::ImportReader")
    assert http.get(href).json()["state"] == "running"
    view = until(http, href, lambda view: view["state"] == "done")
    assert view["lines"] == {"read": LINES, "added": LINES, "known": 0, "skipped": 0, "bad": 0}
    assert rows_of(stack, href) == (LINES, LINES)
    http.post(f"{href}:cancel")


def test_an_import_is_paused_resumed_and_cancelled_while_the_replica_that_took_it_dies(stack, http, started):
    href = started()
    assert http.post(f"{href}:pause").json()["state"] == "paused"
    read = http.get(href).json()["lines"]["read"]
    assert 500 <= read < LINES
    kill(stack, "ray::ServeReplica:imagesearch:SearchIngress")
    time.sleep(1)
    assert until(http, href, lambda view: True)["lines"]["read"] == read
    assert http.post(f"{href}:resume").json()["state"] == "pending"
    until(http, href, lambda view: view["lines"]["read"] >= read + 500)
    assert http.post(f"{href}:cancel").json()["state"] == "cancelled"
    view = until(http, href, lambda view: view["finished"])
    assert view["rows"]["pending"] == view["rows"]["loaded"] == 0
    assert view["rows"]["failed"] == view["lines"]["added"] == rows_of(stack, href)[0]


def command(*words, code=0):
    """Run a command line as a user does, and return its lines of JSON and its words."""
    done = subprocess.run(
        [sys.executable, "-c", "from cli.main import main; main()", *map(str, words)],
        cwd=PROJECT_ROOT,
        # PyTorch: an export of ResNet50 takes half a minute, and is not what is tested here.
        env={**os.environ, "RAY_ADDRESS": "", "IMAGESEARCH_MODEL__RUNTIME": "torch"},
        capture_output=True,
        text=True,
        timeout=800,
    )
    assert done.returncode == code, f"{words} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")], done.stderr


def test_a_csv_is_loaded_with_a_model_of_its_own_and_found_by_it(stack, http, tmp_path):
    """The case of the notebooks: id, path, label; one command; then the service answers with that model."""
    folder = tmp_path / "set"
    (folder / "train").mkdir(parents=True)
    for n in range(6):
        (folder / "train" / f"{n}.png").write_bytes(drawing(f"import-{n}"))
    table = folder / "reverse_image_search.csv"
    table.write_text("id,path,label\n" + "".join(f"{n},./train/{n}.png,label {n % 2}\n" for n in range(6)))
    chosen = ("--model", "resnet50", "--weights", "random", "--batch-size", 100)
    lines, words = command("import", table, *chosen, "--json")
    assert lines[-1]["rows"] == {"pending": 0, "loaded": 6, "duplicate": 0, "failed": 0}
    assert "imagesearch up --model resnet50 --weights random" in words

    # With another model the pictures are known, and have no vector of its.
    lines, words = command("import", table, "--model", "tiny", "--json", code=1)
    assert (lines[-1]["known"], lines[-1]["without_vector"]) == (6, 6)
    assert "imagesearch audit --repair" in words

    command("up", "--model", "resnet50", "--weights", "random")
    assert http.get("/v1/stats").json()["model"].startswith("resnet50/2048/random")
    answer = http.post("/v1/search", files={"file": (folder / "train" / "3.png").read_bytes()}, data={"top_k": "1"}).json()
    assert answer["hits"][0]["info"] == {"id": "3", "label": "label 1"}
    assert answer["hits"][0]["score"] > 0.999
    wanted = {"filter": json.dumps({"label": "label 0"}), "top_k": "10"}
    found = http.post("/v1/search", files={"file": (folder / "train" / "3.png").read_bytes()}, data=wanted).json()["hits"]
    assert {hit["info"]["id"] for hit in found} == {"0", "2", "4"}
