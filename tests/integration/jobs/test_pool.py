"""A stage's pool on a real Ray node: it grows, shrinks, and gets over workers that die, hang or break."""

import os
import time

import pytest
import ray

from imagesearch.errors import StoreError, StoreUnavailable, WeightsNotFound
from jobs.openings import Openings
from jobs.pool import Pool, WorkerLost
from jobs.stages import Stage

LIMIT_S = 100


class Driver:
    """What the pipeline does with a pool: waits, collects, arranges; `ended` holds the calls that ended so far."""

    def __init__(self, pool):
        self.pool = pool
        self.ended = []

    def until(self, condition):
        end = time.monotonic() + LIMIT_S
        while not condition():
            assert time.monotonic() < end, f"{self.pool.size} workers, {self.pool.ready} ready, {len(self.ended)} calls ended"
            now = time.monotonic()
            self.ended += self.pool.arrange(now)
            refs = self.pool.awaited()
            done, _ = ray.wait(refs, num_returns=len(refs), timeout=0.05) if refs else ([], [])
            self.ended += self.pool.collect(set(done), now)
            if not refs:
                time.sleep(0.01)

    def give(self, *orders):
        """Have the orders carried out and return the calls, in the order of the orders."""
        self.ended.clear()
        for order in orders:
            self.pool.put(order)
        self.until(lambda: len(self.ended) == len(orders))
        return sorted(self.ended, key=lambda call: orders.index(call.item))


@pytest.fixture
def driver(joined):
    opened = []

    def open_one(smallest=1, largest=1, worker="Obedient", num_cpus=0.1, answer_s=60.0, suspect=lambda _: False):
        stage = Stage("test", ("tests.fixtures.stage_worker", worker, "work"), 1, smallest, largest, joined, {"num_cpus": num_cpus})
        opened.append(
            Pool(stage, lambda order: (order,), idle_s=0.5, answer_s=answer_s, openings=Openings("test", 5.0), suspect=suspect)
        )
        return Driver(opened[-1])

    yield open_one
    for one in opened:
        one.stop()


def test_it_grows_while_its_workers_are_the_bottleneck_and_shrinks_when_they_idle(driver):
    one, given = driver(smallest=1, largest=3), 0

    def all_were_busy():
        nonlocal given
        while given - len(one.ended) < 8:
            one.pool.put("nap")
            given += 1
        return len({call.answer for call in one.ended}) == 3

    one.until(all_were_busy)
    assert one.pool.size == 3
    one.until(lambda: len(one.ended) == given)
    assert all(call.error is None for call in one.ended)
    one.until(lambda: one.pool.size == 1)
    (still,) = one.give("work")
    assert still.error is None


def test_a_worker_for_which_there_is_no_place_holds_up_nothing(driver):
    # Two of them do not fit on the node's eight CPUs.
    one = driver(smallest=2, largest=4, num_cpus=5)
    calls = one.give(*["work"] * 10)
    assert {call.error for call in calls} == {None}
    assert (one.pool.ready, one.pool.size) == (1, 2)


def test_of_a_worker_that_dies_only_the_batch_that_it_worked_on_is_reported(driver):
    died, behind, other = driver().give("die", "work", "nap")
    assert isinstance(died.error, WorkerLost)
    assert behind.error is other.error is None
    assert behind.answer == other.answer


def test_a_worker_that_hangs_is_replaced(driver):
    # The start of a worker counts, too, and takes a slow machine more than three seconds.
    hung, behind = driver(answer_s=15.0).give("hang", "work")
    assert isinstance(hung.error, WorkerLost)
    assert behind.error is None


def test_a_worker_that_says_what_is_wrong_is_kept_and_one_that_breaks_is_not(driver):
    one = driver()
    first, refused, second = one.give("work", "refuse", "nap")
    assert isinstance(refused.error, StoreUnavailable)
    assert refused.error.data == {"store": "sql"}
    assert second.answer == first.answer
    broke, third = one.give("break", "work")
    assert isinstance(broke.error, ValueError)
    assert third.answer != first.answer


def test_workers_stand_back_for_searches(driver, joined):
    (call,) = driver().give("nice")
    assert call.answer == min(19, os.nice(0) + joined.load.nice)
    assert call.answer > os.nice(0)


def test_a_worker_answers_what_is_no_batch_and_says_what_is_wrong(driver):
    one = driver()
    with pytest.raises(StoreError, match="no test worker is there"):
        one.pool.ask("question", "work", over=lambda: False)
    (call,) = one.give("work")
    assert one.pool.ask("question", "work", over=lambda: False) == call.answer
    with pytest.raises(StoreUnavailable) as refused:
        one.pool.ask("question", "refuse", over=lambda: False)
    assert refused.value.retriable
    with pytest.raises(StoreError, match="nobody expected that") as broke:
        one.pool.ask("question", "break", over=lambda: False)
    assert not broke.value.retriable
    with pytest.raises(StoreError, match="has not answered"):
        one.pool.ask("question", "hang", over=lambda: True)


def test_what_a_worker_lacks_is_raised_as_itself(driver):
    with pytest.raises(WeightsNotFound):
        driver(worker="Lacking").give("work")


def test_what_is_suspect_is_given_to_a_worker_that_has_nothing_else_and_nothing_is_put_behind_it(driver):
    one = driver(suspect=lambda order: order.startswith("nap?"))
    had = []
    one.until(lambda: one.pool.ready == 1)
    for order in ("nap", "nap?1", "nap?2", "nap"):
        one.pool.put(order)

    def looked():
        (worker,) = one.pool._workers
        had.append(tuple(call.item for call in worker.calls))
        return len(one.ended) == 4

    one.until(looked)
    assert [call.item for call in one.ended] == ["nap", "nap?1", "nap?2", "nap"]
    assert {items for items in had if any("?" in item for item in items)} == {("nap?1",), ("nap?2",)}
