"""How far an index is, on Milvus Lite's server and on Milvus 2.3.5, and a load's wait for it."""

import logging
import threading
import uuid

import numpy as np
import pytest

from benchmarks.servers.milvus import MilvusLite
from config.sections import MilvusSettings
from imagesearch.stores.milvus.index import MilvusIndex
from imagesearch.types import Fingerprint, IndexProgress, IndexRow
from jobs.index_wait import await_built

ROWS, DIM = 3000, 256
PATIENCE_S = 240


def filled(uri, **params):
    """An index, and its vectors, written a moment ago; `efConstruction` says how long its graph takes to build."""
    settings = MilvusSettings(uri=uri, timeout_s=60, index_params=params)
    index = MilvusIndex(settings, Fingerprint("progress", uuid.uuid4().hex, "none", DIM))
    vectors = np.random.default_rng(0).normal(size=(ROWS, DIM)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    index.upsert([IndexRow(place, "default", 0) for place in range(ROWS)], vectors)
    return index, vectors


def waited(index, limit_s=PATIENCE_S, stopped=None):
    def ask(_):
        index.seal()
        return index.progress()

    return await_built(ask, limit_s, stopped or threading.Event())


@pytest.fixture
def gone():
    """Has the collections of the test dropped."""
    indexes = []
    yield indexes.append
    for index in indexes:
        with index._client() as client:
            client.drop_collection(index.collection)
        index.close()


def test_after_the_wait_every_vector_is_in_the_index(milvus_uri, gone, caplog):
    caplog.set_level(logging.INFO)
    index, vectors = filled(milvus_uri)
    gone(index)
    assert waited(index)
    assert "the index is built" in caplog.text
    progress = index.progress()
    assert (progress.rows, progress.waiting, progress.built) == (ROWS, 0, True)
    assert [index.search(vectors[place], 1, "default")[0].milvus_id for place in (0, 1500, ROWS - 1)] == [0, 1500, ROWS - 1]


def test_milvus_lite_tells_that_it_is_still_building_and_a_wait_has_its_end(milvus_lite_uri, gone, caplog):
    index, _ = filled(milvus_lite_uri, efConstruction=4000)
    gone(index)
    progress = index.progress()
    # How long it goes on building is the machine's business: a quick one is done by now.
    assert (progress.rows, progress.built) == (ROWS, not progress.waiting)
    progress = IndexProgress(ROWS, ROWS, built=False)
    assert not await_built(lambda _: progress, 0.1, threading.Event())
    assert "vectors are not in the index yet" in caplog.text
    stopped = threading.Event()
    stopped.set()
    assert not await_built(lambda _: progress, PATIENCE_S, stopped)
    assert waited(index)
    assert index.progress().waiting == 0


def test_vectors_that_came_last_are_in_no_index_until_it_is_sealed(milvus_lite_uri, gone):
    index, vectors = filled(milvus_lite_uri)
    gone(index)
    assert waited(index)
    index.upsert([IndexRow(ROWS, "default", 0)], vectors[:1])
    assert index.progress().waiting == 1
    assert waited(index)
    assert index.progress().waiting == 0


def test_a_milvus_that_goes_away_meanwhile_is_waited_for(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    server = MilvusLite(tmp_path)
    server.start()
    index, _ = filled(server.uri)
    server.stop()
    results = []
    waiting = threading.Thread(target=lambda: results.append(waited(index)), daemon=True)
    waiting.start()
    assert not waited(index, limit_s=0.1)
    assert "how far the index is cannot be told: Milvus does not answer" in caplog.text
    server.start()
    waiting.join(PATIENCE_S)
    index.close()
    server.stop()
    assert results == [True]
