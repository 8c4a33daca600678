"""The thread that drives a feed: what it hands over, when it waits, and how it ends."""

import threading
import time
from datetime import UTC, datetime

import pytest

from imagesearch.errors import StoreError, StoreUnavailable, UnknownImport
from imagesearch.types import LogRow, LogState
from jobs.intake import Intake

AWAY = StoreUnavailable("down", store="sql")
A, B, C = ([LogRow(n, "default", f"/{n}", {}, LogState.PENDING, None, 0, None, None, datetime.now(UTC), None)] for n in (1, 2, 3))


class Script:
    """A feed that gives, or raises, one thing after the other, and at last the same for ever."""

    def __init__(self, *script, last):
        self.script, self.last = list(script), last
        self.told, self.idled, self.closed = [], 0, 0
        self.threads = set()

    def take(self):
        self.threads.add(threading.current_thread())
        one = self.script.pop(0) if self.script else self.last
        if isinstance(one, BaseException):
            raise one
        return one

    def settled(self, log_ids, *, final):
        self.threads.add(threading.current_thread())
        self.told.append((log_ids, final))

    def idle(self):
        self.idled += 1

    def close(self):
        self.closed += 1


@pytest.fixture
def intake():
    opened = []

    def start(feed, pause_s=0.01, patience_s=5.0):
        opened.append(Intake(feed, pause_s, patience_s))
        opened[-1].start()
        return opened[-1]

    yield start
    for one in opened:
        one.close(5)


def taken(intake, count):
    batches = []
    while len(batches) < count:
        if rows := intake.take(5):
            batches.append(rows)
    return batches


def until(condition):
    end = time.monotonic() + 30
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    assert condition()


def test_batches_come_in_order_and_then_the_end(intake):
    one = intake(Script(A, [], B, C, last=None))
    assert taken(one, 3) == [A, B, C]
    assert one.take(5) == []
    assert one.ended


def test_only_one_batch_is_held_ready_and_a_feed_that_waits_is_kept_alive(intake):
    feed = Script(A, B, last=C)
    one = intake(feed)
    until(lambda: feed.idled > 2)
    assert feed.script == [B]
    assert taken(one, 1) == [A]


def test_the_feed_learns_what_settled_in_its_own_thread_also_after_its_end(intake):
    feed = Script(last=None)
    one = intake(feed)
    until(lambda: one.ended)
    one.settled([1, 2], final=True)
    until(lambda: feed.told == [([1, 2], True)])
    assert len(feed.threads) == 1
    assert threading.current_thread() not in feed.threads


def test_a_batch_that_nobody_took_is_given_back(intake):
    feed = Script(A, last=[])
    one = intake(feed)
    until(lambda: feed.idled)
    assert one.close(5) == A
    assert (feed.told, feed.closed) == ([([1], False)], 1)


def test_a_store_that_comes_back_in_time_ends_nothing(intake):
    assert taken(intake(Script(AWAY, AWAY, A, last=None)), 1) == [A]


def test_a_store_that_stays_away_ends_the_load_with_its_own_error(intake):
    one = intake(Script(last=AWAY), patience_s=0.1)
    with pytest.raises(StoreUnavailable):
        taken(one, 1)


def test_while_following_a_store_may_stay_away(intake):
    assert taken(intake(Script(AWAY, AWAY, A, last=[]), patience_s=None), 1) == [A]


@pytest.mark.parametrize("error", [StoreError("no such table", store="sql"), UnknownImport("no import 9"), KeyError("a slip")])
def test_what_does_not_pass_is_raised_at_once(intake, error):
    with pytest.raises(type(error)):
        taken(intake(Script(error, last=A)), 1)


def test_a_feed_that_hangs_does_not_keep_the_end(intake):
    hang = threading.Event()

    class Hung(Script):
        def take(self):
            hang.wait()

    assert intake(Hung(last=None)).close(0.1) == []
    hang.set()
