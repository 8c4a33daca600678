"""A load that follows the add-log while a real Milvus server is killed, and while its collection is released."""

import signal

import pytest
from pymilvus import MilvusClient

from tests.integration.jobs.collection import down, until


@pytest.fixture
def milvus(milvus_server):
    return milvus_server


@pytest.mark.timeout(300)
def test_it_goes_on_when_the_server_was_killed_or_its_collection_released(collection, milvus):
    job = collection.following(LOAD__STORE_RETRY_S="3")
    collection.add(20)
    until(lambda: not collection.pending, job)
    with down(milvus):
        collection.add(20)
        until(lambda: "the rows stay pending and are tried again" in job.log, job)
    # The server loads what was loaded by itself, once the session of the one that was killed has run out: half a minute.
    until(lambda: not collection.pending, job)
    client = MilvusClient(milvus.uri, dedicated=True)
    client.release_collection(collection.stores.index.collection)
    client.close()
    # A released one the load has to load.
    collection.add(20)
    until(lambda: not collection.pending, job)
    job.signal(signal.SIGTERM)
    report = job.report()
    assert (report["loaded"], report["duplicate"], report["failed"]) == (60, 0, 0)
    collection.check()
