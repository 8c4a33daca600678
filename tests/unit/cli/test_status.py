"""`imagesearch status`: a service that is ready is told so, whatever the caller's key may see of it."""

import json

import pytest


@pytest.fixture
def reachable(service, monkeypatch, home):
    monkeypatch.setenv("IMAGESEARCH_HTTP__PORT", str(service.server_port))
    service.says("/readyz", {"ready": True, "stores": {"sql": {"state": "ready", "ms": 1.5}}})
    return service


STATS = {"pictures": 3, "vectors": 3, "pending": 0, "failed": 0, "lag_s": None, "model": "tiny", "text": False}


def test_a_ready_service_and_its_counts(run, reachable):
    reachable.says("/v1/stats", STATS)
    result = run("status", "--json")
    assert result.exit_code == 0
    told = json.loads(result.stdout)
    assert (told["ready"], told["stats"]["pictures"], told["error"]) == (True, 3, None)


@pytest.mark.parametrize(("status", "code"), [(401, "unauthorized"), (403, "forbidden")])
def test_a_key_that_may_not_see_counts_sees_that_it_is_ready(run, reachable, status, code):
    reachable.refuses("/v1/stats", status, code, "not with this key")
    told = json.loads(run("status", "--json").stdout)
    assert (told["ready"], told["stats"], told["error"]) == (True, None, "not with this key")
    assert told["stores"] == {"sql": {"state": "ready", "ms": 1.5}}
    shown = run("status")
    assert shown.exit_code == 0
    assert "ready" in shown.stdout and "counts are not shown: not with this key" in shown.stderr
