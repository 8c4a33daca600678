"""The quick search of Milvus Lite's server answers as the one that goes through every row."""

import numpy as np
import pytest
from milvus_lite.db import MilvusLite
from milvus_lite.engine import collection as engine
from milvus_lite.index.brute_force import BruteForceIndex
from milvus_lite.schema.types import CollectionSchema, DataType, FieldSchema

from cli.stack import lite_search
from cli.stack.lite_memtable import data_table, snapshot
from cli.stack.lite_search import QuickSearch

DIM = 8
FIELDS = [
    FieldSchema("milvus_id", DataType.INT64, is_primary=True),
    FieldSchema("feature", DataType.FLOAT_VECTOR, dim=DIM),
    FieldSchema("create_time", DataType.INT64),
    FieldSchema("namespace", DataType.VARCHAR, max_length=64),
]
WAYS = [
    {"expr": None, "output_fields": None},
    {"expr": 'namespace == "a"', "output_fields": ["milvus_id"]},
    {"expr": 'namespace == "b" and create_time >= 50', "output_fields": ["create_time"]},
    {"expr": "milvus_id in [1, 2, 3, 40, 41]", "output_fields": ["feature", "namespace"]},
    {"expr": 'namespace == "nobody"', "output_fields": None},
]


def told(hit):
    """The hit, with a distance that is rounded as it may be by the order of a sum."""
    return hit | {"distance": pytest.approx(hit["distance"], abs=1e-6)}


def own_scan(vectors, queries, top_k, valid, metric):
    """Milvus Lite's own, which rounds as the slow search does."""
    return BruteForceIndex.build(vectors, metric).search(queries, top_k, valid)


class Both:
    """Searches in both ways, and tells where they differ; counts the answers."""

    def __init__(self):
        self.slow, self.quick = engine.execute_search_with_index, QuickSearch()
        self.hits = 0

    def __call__(self, **asked):
        slow, quick = self.slow(**asked), self.quick(**asked)
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(lite_search, "scan", own_scan)
            assert self.quick(**asked) == slow
        assert [list(hits) for hits in quick] == [list(map(told, hits)) for hits in slow]
        self.hits += sum(map(len, slow))
        return quick


@pytest.fixture
def both(monkeypatch):
    both = Both()
    monkeypatch.setattr(engine, "execute_search_with_index", both)
    return both


@pytest.fixture(params=["HNSW", "FLAT", None])
def collection(request, tmp_path):
    db = MilvusLite(str(tmp_path))
    made = db.create_collection("pictures", CollectionSchema(FIELDS))
    if request.param is not None:
        made.create_index("feature", {"index_type": request.param, "metric_type": "COSINE", "params": {}})
        made.load()
    yield made
    db.close()


def records(random, keys):
    return [
        {
            "milvus_id": int(key),
            "feature": random.normal(size=DIM).astype(np.float32).tolist(),
            "create_time": int(random.integers(100)),
            "namespace": str(random.choice(["a", "b"])),
        }
        for key in keys
    ]


@pytest.mark.parametrize("seed", range(6))
def test_through_writes_deletions_flushes_and_merges(both, collection, seed):
    random = np.random.default_rng(seed)
    for _ in range(40):
        keys = random.choice(60, size=int(random.integers(1, 8)), replace=False)
        step = random.choice(["upsert", "delete", "flush"], p=[0.55, 0.2, 0.25])
        if step == "upsert":
            collection.upsert(records(random, keys))
        elif step == "delete":
            collection.delete([int(key) for key in keys])
        else:
            collection.flush()
            # Between two searches nothing may become of what they look at: an index's distances differ by a little.
            collection._wait_for_bg()
        for way in WAYS:
            collection.search(random.normal(size=(2, DIM)).tolist(), top_k=int(random.integers(1, 30)), **way)
    assert both.hits > 1000


def test_an_empty_collection_answers_nothing(both, collection):
    assert collection.search([[1.0] * DIM], top_k=5) == [[]]


def test_a_vector_that_nobody_asked_for_is_not_read(collection, monkeypatch):
    monkeypatch.setattr(engine, "execute_search_with_index", QuickSearch())
    collection.upsert(records(np.random.default_rng(0), range(20)))
    collection.flush()
    (segment,) = collection._segments_snapshot()
    monkeypatch.setattr(type(segment), "row_to_dict", lambda *_: pytest.fail("a whole row was read"))
    (hits,) = collection.search([[1.0] * DIM], top_k=5, output_fields=["create_time"])
    assert [set(hit["entity"]) for hit in hits] == [{"create_time"}] * 5


@pytest.mark.parametrize("with_table", [False, True])
def test_what_is_in_no_segment_is_read_without_its_numbers_one_by_one(collection, monkeypatch, with_table):
    random = np.random.default_rng(1)
    for keys in ([1, 2, 3], [2, 4], [5, 6, 1]):
        collection.upsert(records(random, keys))
    collection.delete([3])
    memtable = collection._memtable
    slow = memtable.to_search_snapshot("feature", None, with_table)
    monkeypatch.setattr(memtable, "to_search_snapshot", None)
    keys, numbers, vectors, places, table = snapshot(memtable, "feature", None, with_table=with_table)
    assert (keys, places) == (slow[0], slow[3])
    assert sorted(keys) == [1, 2, 4, 5, 6]
    np.testing.assert_array_equal(numbers, slow[1])
    np.testing.assert_array_equal(vectors, slow[2])
    assert (table is None) == (slow[4] is None)
    if table is not None:
        assert table.to_pylist() == slow[4].drop(["feature"]).to_pylist()


def test_a_segment_gets_the_same_rows(collection):
    random = np.random.default_rng(2)
    for keys in ([1, 2, 3], [2, 4], [5, 6, 1]):
        collection.upsert(records(random, keys))
    memtable = collection._memtable
    rows = [(batch, row) for batch, row, _ in memtable._pk_index.values()]
    slow, quick = memtable._build_data_table(rows), data_table(memtable, rows)
    assert quick.equals(slow, check_metadata=True)
    assert quick.num_rows == 6
    assert [column.num_chunks for column in quick.columns] == [column.num_chunks for column in slow.columns]
