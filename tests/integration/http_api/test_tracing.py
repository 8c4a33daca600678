"""Traces: one over all that a request does, sent by OTLP to whoever gathers them."""

from __future__ import annotations

import base64
import subprocess
import sys

import pytest
from pydantic import SecretStr

from config.sections import TracingSettings
from config.settings import PROJECT_ROOT
from imagesearch.errors import ConfigError
from imagesearch.stores.sql.migrate import migrate
from telemetry.tracing import Untraced, open_tracer
from tests.fixtures.fresh_stores import fresh

TRACE, CALLER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
TRACEPARENT = f"00-{TRACE}-{CALLER}-01"


@pytest.fixture
def traced(open_service, milvus_lite_uri, collector):
    """A service that sends its spans to the collector once it is closed."""
    tracing = TracingSettings(endpoint=collector.endpoint, headers={"X-Token": SecretStr("secret")})
    service = open_service(milvus_lite_uri, tracing=tracing)
    fresh(service.settings, service.stores.fingerprint.collection)
    return service


async def closed(service):
    """End the application, which sends what is left."""
    async with service.api.router.lifespan_context(service.api):
        pass


def search_of(data, **more):
    return {"image_base64": base64.b64encode(data).decode(), **more}


async def test_a_search_is_one_trace_from_its_caller_to_the_stores(traced, collector, picture):
    await traced.added_and_loaded(picture(1))
    answer = await traced.client.post(
        "/v1/search", json=search_of(picture(1)), headers={"traceparent": TRACEPARENT, "x-request-id": "id-1"}
    )
    assert answer.json()["hits"]
    await closed(traced)
    request, *parts = collector.of(TRACE)
    assert (request.name, request.parent, request.service) == ("POST /v1/search", CALLER, "imagesearch.ingress")
    assert request.attributes == {
        "http.request.method": "POST",
        "http.route": "/v1/search",
        "http.response.status_code": 200,
        "imagesearch.request_id": "id-1",
    }
    assert {span.name for span in parts} == {"decode", "embed", "forward", "search", "metadata"}
    by_name = {span.name: span for span in parts}
    assert by_name["forward"].parent == by_name["embed"].id
    assert all(span.parent == request.id for span in parts if span.name != "forward")
    assert all(request.started <= span.started <= span.ended <= request.ended for span in parts)
    assert collector.headers[0]["x-token"] == "secret"
    told = answer.json()["timing_ms"]
    spent = {name: sum(span.ended - span.started for span in parts if span.name == name) / 1e6 for name in by_name}
    # A span lies within its stage, however long a loaded machine stops between the two; a millisecond is for the two clocks.
    assert {name for name in told if told[name] and name != "total"} == {*spent} - {"forward"}
    assert all(0 < spent[name] <= told[name] + 1 for name in spent if name != "forward")


async def test_an_add_is_traced_without_a_caller_s_trace_and_a_refusal_has_its_code(traced, collector, picture):
    await traced.add(picture(1))
    for traceparent in ("", "00-zz-1-01", f"00-{'0' * 32}-{CALLER}-01", TRACEPARENT * 50):
        await traced.client.get("/v1/images/77", headers={"traceparent": traceparent})
    await closed(traced)
    (add,) = (span for span in collector.spans if span.name == "POST /v1/images")
    assert [span.name for span in collector.of(add.trace)] == ["POST /v1/images", "upload", "append"]
    refused = [span for span in collector.spans if span.name == "GET /v1/images/{milvus_id}"]
    assert [span.attributes["error.type"] for span in refused] == ["unknown_image"] * 4
    assert {span.parent for span in refused} == {""} and len({span.trace for span in refused}) == 4


async def test_a_part_that_fails_is_marked(open_service, collector, picture):
    service = open_service("http://127.0.0.1:9", tracing=TracingSettings(endpoint=collector.endpoint))
    migrate(service.settings.sql)
    answer = await service.client.post("/v1/search", json=search_of(picture(1)), headers={"traceparent": TRACEPARENT})
    assert answer.status_code == 503
    await closed(service)
    failed = {span.name: span.failed for span in collector.of(TRACE)}
    assert (failed["embed"], failed["search"]) == (False, True)


async def test_what_the_caller_does_not_sample_is_not_sent(traced, collector, picture):
    await traced.client.get("/v1/images", headers={"traceparent": f"{TRACEPARENT[:-1]}0"})
    await closed(traced)
    assert collector.of(TRACE) == []


async def test_a_collector_that_is_away_costs_no_request_its_answer(open_service, milvus_lite_uri, picture):
    tracing = TracingSettings(endpoint="http://127.0.0.1:9/v1/traces", timeout_s=0.2)
    service = open_service(milvus_lite_uri, tracing=tracing)
    fresh(service.settings, service.stores.fingerprint.collection)
    assert (await service.search(**search_of(picture(1)))).status_code == 200
    await closed(service)


def test_without_an_endpoint_nothing_of_the_exporter_is_imported():
    assert isinstance(open_tracer(TracingSettings(), "ingress"), Untraced)
    program = (
        "import sys; import serve_app.api; from config.sections import TracingSettings; from telemetry.tracing import open_tracer; "
        "open_tracer(TracingSettings(), 'ingress'); sys.exit(not sys.modules.keys().isdisjoint(sys.argv[1:]))"
    )
    modules = ("telemetry.otlp", "opentelemetry.exporter.otlp", "opentelemetry.sdk.trace.export")
    assert subprocess.run([sys.executable, "-c", program, *modules], cwd=PROJECT_ROOT).returncode == 0


def test_an_endpoint_without_the_exporter_is_refused_with_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    monkeypatch.delitem(sys.modules, "telemetry.otlp", raising=False)
    with pytest.raises(ConfigError, match=r"tracing\.endpoint .*ray-imagesearch\[tracing\]"):
        open_tracer(TracingSettings(endpoint="http://127.0.0.1:9/v1/traces"), "ingress")
