"""The limits on a request's body."""

from __future__ import annotations

import asyncio
import json

import httpx
import pytest
from fastapi import FastAPI, Request

from imagesearch.errors import BodyTooSlow, ImageSearchError
from serve_app.body_limit import BodyLimit
from serve_app.problems import on_error

LIMIT = 1000


@pytest.fixture
async def client():
    api = FastAPI(exception_handlers={ImageSearchError: on_error})
    api.add_middleware(BodyLimit, max_bytes=LIMIT, timeout_s=60)

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
    await BodyLimit(app, LIMIT, 60)(scope, None, send)
    assert sent[0]["status"] == 413
    assert json.loads(sent[1]["body"])["code"] == "body_too_large"


class Reads:
    """An application that reads its body to the end, and then what comes after it."""

    def __init__(self):
        self.read, self.after = 0, None

    async def __call__(self, _scope, receive, _send):
        more = True
        while more:
            message = await receive()
            self.read += len(message["body"])
            more = message["more_body"]
        self.after = await receive()


def sends(*steps):
    """A caller: bytes are sent, after a number of seconds the next; the last of the bytes end the body."""
    left = list(steps)

    async def receive():
        step = left.pop(0) if left else None
        if isinstance(step, float):
            await asyncio.sleep(step)
            step = left.pop(0) if left else None
        if step is None:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": step, "more_body": any(isinstance(one, bytes) for one in left)}

    return receive


SCOPE = {"type": "http", "headers": []}


async def test_a_body_that_comes_too_slowly_is_given_up():
    with pytest.raises(BodyTooSlow):
        await BodyLimit(Reads(), LIMIT, 0.05)(SCOPE, sends(b"x", 3600.0, b"x"), None)


async def test_a_body_that_comes_a_byte_at_a_time_is_given_up():
    drops = [step for _ in range(500) for step in (b"x", 0.01)]
    with pytest.raises(BodyTooSlow):
        await BodyLimit(Reads(), LIMIT, 0.05)(SCOPE, sends(*drops, b"x"), None)


async def test_the_more_came_the_longer_the_rest_may_take():
    app, megabyte = Reads(), b"x" * 2**20
    await BodyLimit(app, 2 * 2**20, 0.05)(SCOPE, sends(megabyte, 0.3, megabyte), None)
    assert app.read == 2 * 2**20


async def test_a_caller_who_has_sent_all_may_wait_for_the_answer():
    app = Reads()
    await BodyLimit(app, LIMIT, 0.05)(SCOPE, sends(b"x", 0.3), None)
    assert app.after == {"type": "http.disconnect"}
