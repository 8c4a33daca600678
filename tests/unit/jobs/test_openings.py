"""Workers that cannot open what they need: when that ends the load, and when it only keeps it from growing."""

import pytest

from imagesearch.errors import SourceUnavailable, StoreError, WeightsMismatch, WeightsNotFound
from jobs.openings import DEATHS, FIRST_PAUSE_S, Openings

AWAY = SourceUnavailable("the bucket does not answer")


def test_what_the_first_worker_lacks_ends_the_load_at_once():
    with pytest.raises(WeightsNotFound):
        Openings("embed", 100.0).failed(WeightsNotFound("no file"), 0.0, others=0)


def test_what_a_further_worker_lacks_only_puts_the_next_one_off():
    one = Openings("embed", 100.0)
    one.failed(WeightsNotFound("not on that node"), 0.0, others=1)
    assert not one.allowed(FIRST_PAUSE_S / 2)
    assert one.allowed(FIRST_PAUSE_S)
    one.failed(WeightsNotFound("not on that node"), 10.0, others=1)
    assert not one.allowed(10.0 + FIRST_PAUSE_S)


def test_what_may_pass_is_waited_for_and_then_ends_the_load_unless_it_follows():
    one, following = Openings("embed", 100.0), Openings("embed", None)
    one.failed(AWAY, 0.0, others=0)
    one.failed(AWAY, 99.0, others=0)
    with pytest.raises(SourceUnavailable):
        one.failed(AWAY, 101.0, others=0)
    for now in range(0, 100_000, 1000):
        following.failed(AWAY, float(now), others=0)


def test_a_success_begins_the_count_anew():
    one = Openings("embed", 100.0)
    one.failed(AWAY, 0.0, others=0)
    assert one.succeeded("tiny") is None
    one.failed(AWAY, 200.0, others=0)
    assert one.allowed(200.0 + FIRST_PAUSE_S)


def test_processes_that_die_as_they_start_end_the_load_after_some():
    one = Openings("embed", None)
    for _ in range(DEATHS - 1):
        one.failed(RuntimeError("it died"), 0.0, others=0)
    with pytest.raises(StoreError, match="embed"):
        one.failed(RuntimeError("it died"), 0.0, others=0)


def test_workers_that_would_embed_with_two_models_are_not_mixed():
    one = Openings("embed", None)
    assert one.succeeded("tiny/1") is None
    assert isinstance(one.succeeded("tiny/2"), WeightsMismatch)
    assert one.succeeded("tiny/1") is None
