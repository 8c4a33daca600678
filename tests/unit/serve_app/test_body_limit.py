"""The limit on a request's body."""

from __future__ import annotations

import json

import httpx
import pytest
from fastapi import FastAPI, Request

from imagesearch.errors import ImageSearchError
from serve_app.body_limit import BodyLimit
from serve_app.problems import on_error

LIMIT = 1000


@pytest.fixture
async def client():
    api = FastAPI(exception_handlers={ImageSearchError: on_error})
    api.add_middleware(BodyLimit, max_bytes=LIMIT)

    @api.post("/size")
    async def size(request: Request) -> int:
        return len(await request.body())

    @api.post("/form")
    async def form(request: Request) -> int:
        async with request.form() as fields:
            return len(await fields["file"].read())

    async with httpx.AsyncClient(transport=httpx.ASGITransport(api), base_url="http://test") as client:
        yield client


def is_too_large(answer):
    return answer.status_code == 413 and answer.json()["code"] == "body_too_large"


async def in_pieces(total):
    for _ in range(total // 100):
        yield b"x" * 100


async def test_a_body_at_the_limit_passes(client):
    assert (await client.post("/size", content=b"x" * LIMIT)).json() == LIMIT
    assert (await client.post("/size", content=in_pieces(LIMIT))).json() == LIMIT


async def test_a_longer_body_is_refused_by_its_announced_length(client):
    assert is_too_large(await client.post("/size", content=b"x" * (LIMIT + 1)))


async def test_a_longer_body_that_announces_nothing_is_refused_as_it_comes(client):
    assert is_too_large(await client.post("/size", content=in_pieces(LIMIT + 100)))


async def test_a_body_that_announces_less_than_it_sends_is_refused(client):
    assert is_too_large(await client.post("/size", content=in_pieces(LIMIT + 100), headers={"content-length": "5"}))


async def test_an_absurd_length_is_refused(client):
    assert is_too_large(await client.post("/size", content=b"x", headers={"content-length": "9" * 5000}))


async def test_the_file_of_a_form_counts(client):
    assert (await client.post("/form", files={"file": b"x" * 100})).json() == 100
    boundary = {"content-type": "multipart/form-data; boundary=b"}
    head = b'--b\r\ncontent-disposition: form-data; name="file"; filename="f"\r\n\r\n'

    async def endless():
        yield head
        while True:
            yield b"x" * 100

    assert is_too_large(await client.post("/form", content=endless(), headers=boundary))


async def test_the_refusal_is_sent_when_nobody_reads_the_body():
    sent = []

    async def app(scope, receive, send):
        raise AssertionError("the application must not be reached")

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "headers": [(b"content-length", b"1001")]}
    await BodyLimit(app, LIMIT)(scope, None, send)
    assert sent[0]["status"] == 413
    assert json.loads(sent[1]["body"])["code"] == "body_too_large"
