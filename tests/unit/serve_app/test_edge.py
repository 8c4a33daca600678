"""The outermost layer."""

from __future__ import annotations

import httpx
import pytest
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse

from serve_app.edge import Edge


def client_of(app):
    return httpx.AsyncClient(transport=httpx.ASGITransport(Edge(app)), base_url="http://test")


async def hello(scope, receive, send):
    await PlainTextResponse(scope["state"]["request_id"])(scope, receive, send)


async def broken(scope, receive, send):
    raise RuntimeError("password=hunter2")


async def broken_midway(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    raise RuntimeError("midway")


async def hung_up(scope, receive, send):
    raise ClientDisconnect


async def test_every_answer_forbids_sniffing():
    for app in (hello, broken):
        async with client_of(app) as client:
            assert (await client.get("/")).headers["x-content-type-options"] == "nosniff"


async def test_an_unexpected_error_is_a_problem_without_its_text_and_is_logged_with_the_request(caplog):
    async with client_of(broken) as client:
        answer = await client.get("/")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "internal_error"
    assert "hunter2" not in answer.text
    assert answer.json()["request_id"] in caplog.text and "hunter2" in caplog.text


async def test_an_error_after_the_answer_began_ends_the_connection():
    async with client_of(broken_midway) as client:
        with pytest.raises(RuntimeError, match="midway"):
            await client.get("/")


async def test_a_caller_that_hung_up_is_no_error(caplog):
    messages = []

    async def send(message):
        messages.append(message)

    await Edge(hung_up)({"type": "http", "headers": []}, None, send)
    assert messages == [] and caplog.text == ""


async def test_a_request_id_of_a_proxy_is_kept_unless_it_could_forge_the_log():
    async with client_of(hello) as client:
        assert (await client.get("/", headers={"x-request-id": "abc-1"})).text == "abc-1"
        for forged in ("a b", "a" * 129, "", 'a"'):
            assert (await client.get("/", headers={"x-request-id": forged})).text != forged


async def test_what_is_not_http_passes():
    seen = []

    async def app(scope, receive, send):
        seen.append(scope["type"])

    await Edge(app)({"type": "lifespan"}, None, None)
    assert seen == ["lifespan"]
