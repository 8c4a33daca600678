"""`imagesearch status`: what of the service is there, as a table and as JSON."""

import json

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
