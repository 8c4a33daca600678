"""Pinging stores that may hang."""

from __future__ import annotations

import threading

import pytest

from imagesearch.errors import StoreUnavailable
from serve_app import readiness
from serve_app.readiness import StorePings


class Store:
    """Answers at once, refuses, or hangs until it is released; counts how many pings reached it."""

    def __init__(self, error=None):
        self.error = error
        self.pings = 0
        self.released = threading.Event()
        self.released.set()

    def ping(self):
        self.pings += 1
        self.released.wait(30)
        if self.error is not None:
            raise self.error


@pytest.fixture
def pings_of(monkeypatch):
    monkeypatch.setattr(readiness, "PING_TIMEOUT_S", 0.1)
    made = []

    def make(**stores):
        made.append(StorePings(stores))
        return made[-1]

    yield make
    for one in made:
        one.close()


async def test_every_store_is_told_with_its_state(pings_of):
    pings = await pings_of(sql=Store(), milvus=Store(StoreUnavailable("away", store="milvus"))).all()
    assert {name: ping.up for name, ping in pings.items()} == {"sql": True, "milvus": False}
    assert all(ping.ms >= 0 for ping in pings.values())


async def test_a_store_that_hangs_is_down_and_is_not_asked_again_meanwhile(pings_of):
    hung = Store()
    hung.released.clear()
    pings = pings_of(hung=hung, sql=Store())
    for _ in range(3):
        answer = await pings.all()
        assert (answer["hung"].up, answer["sql"].up) == (False, True)
    assert hung.pings == 1
    hung.released.set()


async def test_a_store_that_comes_back_is_up_again(pings_of):
    store = Store(StoreUnavailable("away"))
    pings = pings_of(sql=store)
    assert not (await pings.all())["sql"].up
    store.error = None
    assert (await pings.all())["sql"].up
