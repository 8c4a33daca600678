"""Calibration on a real Milvus server: what it measures is the recall that searches have."""

from itertools import pairwise

import numpy as np
import pytest

from config.sections import BlobSettings, MilvusSettings, ModelSettings, SqlSettings
from config.settings import Settings
from imagesearch.stores.factory import open_stores
from imagesearch.stores.sql.verdicts import Found
from imagesearch.types import AddRequest, IndexRow, PictureFacts
from jobs.calibrate import calibrate
from tests.fixtures.fresh_stores import fresh

ROWS = 3000
NAMESPACES = ("default", "pets")


@pytest.fixture
def settings(tmp_path, milvus_server_uri):
    return Settings(
        sql=SqlSettings(url=f"sqlite:///{tmp_path}/a.db"),
        # So coarse an index that looking at little of it misses much.
        milvus=MilvusSettings(uri=milvus_server_uri, index="IVF_FLAT", index_params={"nlist": 256}),
        blobs=BlobSettings(uri=str(tmp_path / "blobs")),
        model=ModelSettings(name="tiny"),
    )


@pytest.fixture
def stores(settings):
    stores = open_stores(settings)
    fresh(settings, stores.fingerprint.collection)
    yield stores
    stores.close()


def fill(stores):
    vectors = np.random.default_rng(0).standard_normal((ROWS, stores.fingerprint.dim)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    for start in range(0, ROWS, 1000):
        numbers = range(start, min(start + 1000, ROWS))
        rows = stores.add_log.append([AddRequest(f"/{n}", {}, NAMESPACES[n % 10 == 0]) for n in numbers])
        facts = [PictureFacts(f"{n:064x}", 1, 1, "png", 1, "0" * 64) for n in numbers]
        interned = stores.ledger.intern([(row.namespace, one) for row, one in zip(rows, facts, strict=True)])
        ids = [interned[row.namespace, one.content_hash].milvus_id for row, one in zip(rows, facts, strict=True)]
        targets = [IndexRow(one, row.namespace, 0) for one, row in zip(ids, rows, strict=True)]
        stores.index.upsert(targets, vectors[start : start + 1000])
        stores.ledger.commit([Found(row, one, True) for row, one in zip(rows, ids, strict=True)], [], 5)
    with stores.index._connection.client() as client:
        # What is not flushed has no index yet, and is compared one by one.
        client.flush(stores.fingerprint.collection)


def test_it_measures_keeps_and_measures_anew(stores, settings):
    fill(stores)
    said = []
    measured = calibrate(settings, 40, 10, said.append)
    assert said == measured == stores.calibrations.of(stores.fingerprint.collection, "IVF_FLAT")
    assert [one.effort for one in measured] == sorted(one.effort for one in measured)
    recalls = [one.recall for one in measured]
    assert all(after >= before - 0.02 for before, after in pairwise(recalls))
    # All of the index's 256 parts are looked at: that is exact.
    assert recalls[-1] == 1.0 and measured[-1].effort <= 256
    assert measured[0].vectors == ROWS and measured[0].queries > 20
    again = calibrate(settings, 10, 5, said.append)
    assert stores.calibrations.of(stores.fingerprint.collection, "IVF_FLAT") == again
    assert {one.top_k for one in again} == {5}


def test_where_there_is_nothing_to_measure_nothing_is_kept(stores, settings):
    assert calibrate(settings, 10, 10, print) == []
    flat = settings.model_copy(update={"milvus": settings.milvus.model_copy(update={"index": "FLAT"})})
    assert calibrate(flat, 10, 10, print) == []
