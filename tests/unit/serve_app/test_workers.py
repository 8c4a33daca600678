"""The pools of threads: bounded, and without work for those who gave up."""

import asyncio
import threading

import pytest

from imagesearch.errors import Overloaded
from serve_app.workers import Workers


@pytest.fixture
def workers():
    made = Workers("sql", 1, 2)
    yield made
    made.close()


async def test_more_calls_than_may_wait_are_refused_and_room_comes_back(workers):
    go = threading.Event()
    waiting = [asyncio.create_task(workers.run(go.wait)) for _ in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(Overloaded, match="3 calls wait for sql"):
        await workers.run(int)
    go.set()
    await asyncio.gather(*waiting)
    assert await workers.run(lambda: 7) == 7
    await asyncio.sleep(0)
    assert workers.calls == 0


async def test_a_call_that_nobody_waits_for_any_more_is_never_made(workers):
    go, made = threading.Event(), []
    running = asyncio.create_task(workers.run(go.wait))
    given_up = asyncio.create_task(workers.run(made.append, 1))
    await asyncio.sleep(0.05)
    given_up.cancel()
    with pytest.raises(asyncio.CancelledError):
        await given_up
    go.set()
    await running
    await workers.run(int)
    assert made == []
    await asyncio.sleep(0.05)
    assert workers.calls == 0


async def test_errors_are_raised_where_the_call_was_made(workers):
    with pytest.raises(ZeroDivisionError):
        await workers.run(lambda: 1 / 0)


async def test_what_nobody_waits_for_is_done_counted_and_dropped_where_too_many_wait(workers):
    go, done = threading.Event(), []
    running = asyncio.create_task(workers.run(go.wait))
    await asyncio.sleep(0)
    for number in range(3):
        workers.later(done.append, number)
    assert workers.calls == 3
    go.set()
    await running
    await workers.run(int)
    await asyncio.sleep(0)
    assert (done, workers.calls) == ([0, 1], 0)


async def test_what_went_wrong_with_what_nobody_waits_for_is_logged(workers, caplog):
    workers.later(lambda: [][1])
    await workers.run(int)
    await asyncio.sleep(0)
    (line,) = caplog.records
    assert (line.message, line.exc_info[0]) == ("a call of sql failed", IndexError)
