"""`imagesearch status`: what of the service is there, as a table and as JSON."""

import json

import pytest

from config import load_settings

STORES = {"sql": {"state": "up", "ms": 1.2}, "milvus": {"state": "down", "ms": 2000.0}}
STATS = {"pictures": 3, "vectors": 3, "pending": 0, "failed": 1, "lag_s": None, "model": "tiny", "text": False}


def test_a_service_that_is_ready_shows_its_counts(run, service, monkeypatch):
    monkeypatch.setenv("IMAGESEARCH_HTTP__PORT", str(service.server_port))
    service.says("/readyz", {"ready": True, "stores": {"sql": STORES["sql"]}})
    service.says("/v1/stats", STATS)
    result = run("status", "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout) == {
        "url": service.url,
        "ready": True,
        "processes": {},
        "stores": {"sql": STORES["sql"]},
        "stats": STATS,
        "error": None,
    }
    assert "pictures" in run("status").stdout


def test_a_service_that_is_not_ready_names_the_store_that_is_down(run, service, monkeypatch):
    monkeypatch.setenv("IMAGESEARCH_HTTP__PORT", str(service.server_port))
    service.refuses("/readyz", 503, "store_unavailable", "these stores do not answer: milvus", down=["milvus"], stores=STORES)
    result = run("status", "--json")
    assert result.exit_code == 3
    assert json.loads(result.stdout)["stores"] == STORES
    words = run("status")
    assert ["milvus", "down", "2000", "ms"] in [line.split() for line in words.stdout.splitlines()]
    assert "these stores do not answer: milvus" in words.stderr


def test_without_a_stack_everything_is_shown_as_stopped(run, home):
    result = run("status")
    assert result.exit_code == 3
    assert [line.split()[:2] for line in result.stdout.splitlines()[1:4]] == [[p, "stopped"] for p in ("redis", "milvus", "ray")]


@pytest.mark.parametrize(("status", "code"), [(401, "unauthorized"), (403, "forbidden")])
def test_a_key_that_may_not_see_counts_sees_that_it_is_ready(run, service, monkeypatch, status, code):
    monkeypatch.setenv("IMAGESEARCH_HTTP__PORT", str(service.server_port))
    service.says("/readyz", {"ready": True, "stores": {"sql": STORES["sql"]}})
    service.refuses("/v1/stats", status, code, "not with this key")
    told = json.loads(run("status", "--json").stdout)
    assert (told["ready"], told["stats"], told["error"]) == (True, None, "not with this key")
    assert told["stores"] == {"sql": STORES["sql"]}
    shown = run("status")
    assert shown.exit_code == 0
    assert "counts are not shown: not with this key" in shown.stderr


@pytest.mark.parametrize(
    ("served", "is_told"), [("tiny/193/none/squash-32-bilinear", False), ("tiny/193/none/crop-32-bilinear", True)]
)
def test_up_says_where_the_service_goes_on_with_another_model(run, service, monkeypatch, served, is_told):
    monkeypatch.setenv("IMAGESEARCH_HTTP__PORT", str(service.server_port))
    # The stack itself has tests of its own, which start it.
    monkeypatch.setattr("cli.stack.stack.up", lambda *_: load_settings())
    service.says("/v1/stats", {**STATS, "model": served})
    result = run("up")
    assert result.exit_code == 0
    assert ("was started with other settings" in result.stderr) is is_told
    assert "is ready at" in result.stdout


def test_up_with_a_model_that_nobody_knows_starts_nothing(run, monkeypatch):
    monkeypatch.setenv("IMAGESEARCH_MODEL__NAME", "nope")
    monkeypatch.setattr("cli.stack.stack.up", lambda *_: pytest.fail("it was started"))
    assert run("up").exit_code == 2
