"""A Milvus that answers late, or later than anyone waits: a proxy of ours holds its answers back."""

import uuid

import numpy as np
import pytest

from benchmarks.chaos.proxy import Proxy
from config.sections import MilvusSettings
from imagesearch.errors import StoreUnavailable
from imagesearch.stores.milvus.index import MilvusIndex
from imagesearch.types import Fingerprint, IndexRow

DIM = 8
TIMEOUT_S = 2.0


@pytest.fixture
def proxy(milvus_uri):
    proxy = Proxy(int(milvus_uri.rsplit(":", 1)[1]))
    proxy.start()
    yield proxy
    proxy.stop()


@pytest.fixture
def index(proxy):
    settings = MilvusSettings(uri=f"http://127.0.0.1:{proxy.port}", timeout_s=TIMEOUT_S)
    index = MilvusIndex(settings, Fingerprint("tiny", uuid.uuid4().hex, "p", DIM))
    # Makes the collection, which takes longer than one request, while the answers come in time.
    upsert_patiently(index, [0])
    yield index
    proxy.delay_s = 0.0
    with index._client() as client:
        client.drop_collection(index.collection)
    index.close()


def upsert_patiently(index, ids):
    for _ in range(30):
        try:
            return upsert(index, ids)
        except StoreUnavailable:
            continue
    return pytest.fail("the collection could not be made")


def upsert(index, ids):
    vectors = np.eye(DIM, dtype=np.float32)[[one % DIM for one in ids]]
    index.upsert([IndexRow(one, "default", 1) for one in ids], vectors)


def test_late_answers_are_waited_for(index, proxy):
    proxy.delay_s = 0.2
    upsert(index, range(1, 9))
    assert index.search(np.eye(DIM, dtype=np.float32)[3], 1, "default")[0].milvus_id == 3
    assert index.count() == 9


# Each call ends by milvus.timeout_s: without that each of these waits would be a minute.
@pytest.mark.timeout(60)
def test_answers_that_do_not_come_in_time_are_an_unavailable_store_and_the_repetition_doubles_nothing(index, proxy):
    proxy.delay_s = 1000.0
    with pytest.raises(StoreUnavailable):
        upsert(index, range(1, 9))
    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            index.search(np.eye(DIM, dtype=np.float32)[3], 1, "default")
    proxy.delay_s = 0.0
    upsert_patiently(index, range(1, 9))
    assert index.count() == 9
    assert sorted(index.ids_between(-1, 100)) == list(range(9))
