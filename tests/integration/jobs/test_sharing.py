"""Loads side by side, as processes of their own: they share the rows, and lose and double none whatever becomes of one of them."""

import signal

import pytest

from tests.integration.jobs.collection import until


@pytest.mark.timeout(300)
def test_two_loads_share_the_rows_and_embed_none_twice(collection):
    first, second = collection.job("--follow"), collection.job("--follow")
    until(lambda: first.ready and second.ready, first, second)
    collection.add(160)
    until(lambda: not collection.pending, first, second)
    for job in (first, second):
        job.signal(signal.SIGTERM)
    reports = [first.report(), second.report()]
    assert first.vectors > 0 < second.vectors
    assert first.vectors + second.vectors == collection.pictures
    assert sum(report["loaded"] for report in reports) == collection.pictures
    assert sum(report["duplicate"] + report["failed"] for report in reports) == 0
    collection.check()


@pytest.mark.timeout(300)
def test_two_loads_double_nothing_when_redis_dies_in_the_middle(collection, redis_server):
    collection.add(240)
    jobs = collection.job(), collection.job()
    until(lambda: collection.pending < 200)
    redis_server.process().kill()
    try:
        assert sum(job.report()["loaded"] for job in jobs) == collection.pictures
    finally:
        redis_server.start()
    collection.check()


@pytest.mark.timeout(300)
def test_a_load_that_sleeps_beyond_its_lease_spoils_nothing_of_who_took_its_rows(collection):
    collection.add(200)
    sleeper = collection.job()
    until(lambda: collection.pending < 180, sleeper)
    sleeper.signal(signal.SIGSTOP)
    left = collection.pending
    assert collection.job().report()["loaded"] > 0 < left
    collection.check()
    sleeper.signal(signal.SIGCONT)
    assert sleeper.report()["failed"] == 0
    collection.check()
