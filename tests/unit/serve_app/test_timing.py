"""The stages of a search: what each took, and the span that lies within it."""

from __future__ import annotations

from contextlib import contextmanager
from itertools import count

import pytest

from serve_app import timing
from serve_app.timing import Timing, server_timing
from telemetry.tracing import Untraced


class Clock(Untraced):
    """A clock that each look moves by a second, and a tracer that reads it."""

    def __init__(self):
        self.seconds = count()
        self.spans = []

    def now(self):
        return next(self.seconds)

    @contextmanager
    def span(self, name, **attributes):
        started = self.now()
        yield
        self.spans.append((name, started, self.now()))


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(timing, "perf_counter", clock.now)
    return clock


def test_a_span_covers_all_that_its_stage_does(clock):
    told = Timing(clock, started=clock.now())
    with told.stage("decode"):
        clock.now()
    # 1: the stage, 2: its span, 3: the work, 4: the span's end, 5: the stage's.
    assert clock.spans == [("decode", 2, 4)]
    assert told.ms()["decode"] == 4000


def test_a_stage_that_is_gone_through_twice_is_told_as_one(clock):
    told = Timing(clock, started=clock.now())
    for _ in range(2):
        with told.stage("search"):
            pass
    assert [name for name, *_ in clock.spans] == ["search", "search"]
    assert told.ms() == {"wait": 0, "decode": 0, "embed": 0, "search": 6000, "metadata": 0, "total": 9000}


def test_a_stage_of_another_name_stands_after_the_ones_that_all_searches_have(clock):
    told = Timing(clock, started=clock.now())
    with told.stage("verify"):
        pass
    assert list(told.ms()) == [*timing.STAGES, "verify", "total"]


def test_the_header_leaves_out_what_took_no_time():
    assert server_timing({"wait": 0.0, "embed": 12.5, "total": 13.0}) == "embed;dur=12.5, total;dur=13"
