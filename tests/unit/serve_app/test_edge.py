"""The outermost layer."""

from __future__ import annotations

import re

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


async def test_an_unexpected_error_is_a_problem_without_its_text_and_is_logged_with_the_request(caplog, logged):
    async with client_of(broken) as client:
        answer = await client.get("/")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "internal_error"
    assert "hunter2" not in answer.text
    assert "hunter2" in caplog.text
    (line,) = (one for one in logged() if one["level"] == "ERROR")
    assert line["request_id"] == answer.json()["request_id"] == answer.headers["x-request-id"]
    assert line["code"] == "internal_error" and "RuntimeError" in line["exception"]


async def test_an_error_after_the_answer_began_ends_the_connection():
    async with client_of(broken_midway) as client:
        with pytest.raises(RuntimeError, match="midway"):
            await client.get("/")


async def test_a_caller_that_hung_up_is_no_error(caplog):
    messages = []

    async def send(message):
        messages.append(message)

    await Edge(hung_up)({"type": "http", "method": "GET", "headers": []}, None, send)
    assert messages == [] and caplog.text == ""


async def test_a_request_id_of_a_proxy_is_kept_unless_it_could_forge_the_log():
    async with client_of(hello) as client:
        answer = await client.get("/", headers={"x-request-id": "abc-1"})
        assert answer.text == answer.headers["x-request-id"] == "abc-1"
        for forged in (
            b"a b",
            b"a" * 129,
            b"",
            b'a"',
            b"a\nb",
            b"a\r\nx: y",
            "ä".encode(),
            b"\xff",
            b"1" * 100_000,
            "\N{ARABIC-INDIC DIGIT ONE}".encode(),
        ):
            answer = await client.get("/", headers={b"x-request-id": forged})
            assert re.fullmatch("[0-9a-f]{32}", answer.text)
            assert answer.headers.get_list("x-request-id") == [answer.text]


async def test_behind_a_server_that_answers_the_id_it_is_not_answered_twice():
    edge = Edge(hello, echoed=True)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(edge), base_url="http://test") as client:
        assert "x-request-id" not in (await client.get("/", headers={"x-request-id": "abc-1"})).headers
        replaced = await client.get("/", headers={"x-request-id": "a b"})
        assert replaced.headers["x-request-id"] == replaced.text


async def test_what_is_not_http_passes():
    seen = []

    async def app(scope, receive, send):
        seen.append(scope["type"])

    await Edge(app)({"type": "lifespan"}, None, None)
    assert seen == ["lifespan"]
