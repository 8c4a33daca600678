"""A load that follows the add-log: through restarts of every store, and to a clean end."""

import signal

import pytest
import redis

from imagesearch.types import LogState
from tests.integration.jobs.collection import down, until


def leases(url):
    with redis.Redis.from_url(url) as client:
        return [client.get(key) for key in client.scan_iter("imagesearch:lease:*")]


@pytest.mark.timeout(300)
def test_it_goes_on_when_a_store_was_away_and_ends_cleanly(collection, mariadb, milvus_lite, redis_server):
    job = collection.following(LOAD__STORE_RETRY_S="3")
    collection.add(20)
    until(lambda: not collection.pending, job)
    for server in (redis_server, mariadb):
        with down(server):
            pass
        collection.add(20)
        until(lambda: not collection.pending, job)
    with down(milvus_lite):
        collection.add(20)
        until(lambda: "the rows stay pending and are tried again" in job.log, job)
    until(lambda: not collection.pending, job)
    job.signal(signal.SIGTERM)
    report = job.report()
    assert (report["loaded"], report["duplicate"], report["failed"]) == (80, 0, 0)
    assert leases(redis_server.url) == []
    collection.check()


@pytest.mark.timeout(300)
def test_told_to_stop_it_gives_back_what_it_cannot_finish(collection, milvus_lite, redis_server):
    job = collection.following(REDIS__LEASE_S="600", LOAD__STORE_RETRY_S="3")
    with down(milvus_lite):
        collection.add(40)
        # It has taken them, and takes them again: a batch that is only claimed yet was not read.
        until(lambda: "the rows stay pending and are tried again" in job.log, job)
        until(lambda: leases(redis_server.url), job)
        job.signal(signal.SIGINT)
        report = job.report()
        assert report["loaded"] == 0 < report["read"]
        assert leases(redis_server.url) == []
        rows = [collection.stores.add_log.get(log_id) for log_id in collection.log_ids]
        assert {(row.state, row.attempts) for row in rows} == {(LogState.PENDING, 0)}
    assert collection.job().report()["loaded"] == 40
    collection.check()


@pytest.mark.timeout(300)
def test_a_database_that_is_away_at_the_start_is_waited_for_and_not_for_ever(collection, mariadb):
    collection.add(10)
    with down(mariadb):
        patient, impatient = collection.job(), collection.job(LOAD__STORE_RETRY_S="0.1")
        assert impatient.process.wait(120) == 3, impatient.log
        until(lambda: "no rows can be read" in patient.log, patient)
    assert patient.report()["loaded"] == 10
    collection.check()
