"""Milvus Lite's segments are merged beside searches and writes, and no row is lost, doubled or back from the dead."""

import threading
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from milvus_lite.db import MilvusLite
from milvus_lite.engine import collection as engine
from milvus_lite.schema.types import CollectionSchema, DataType, FieldSchema

from cli.stack import lite_merge
from cli.stack.lite_merge import maintain
from cli.stack.lite_search import QuickSearch

DIM = 8
FIELDS = [FieldSchema("milvus_id", DataType.INT64, is_primary=True), FieldSchema("feature", DataType.FLOAT_VECTOR, dim=DIM)]
INDEX = {"index_type": "HNSW", "metric_type": "COSINE", "params": {}}
WAIT_S = 20


class Rows:
    """A collection, and what should be in it."""

    def __init__(self, folder):
        self.folder = folder
        self.random = np.random.default_rng(0)
        self.vectors = {}
        self.db = MilvusLite(str(folder))
        self.collection = self.db.create_collection("pictures", CollectionSchema(FIELDS))
        self.collection.create_index("feature", INDEX)
        self.collection.load()

    def upsert(self, keys):
        new = {int(key): self.random.normal(size=DIM).astype(np.float32) for key in keys}
        self.collection.upsert([{"milvus_id": key, "feature": vector.tolist()} for key, vector in new.items()])
        self.vectors |= new

    def delete(self, keys):
        self.collection.delete([int(key) for key in keys])
        for key in keys:
            self.vectors.pop(int(key), None)

    def segment(self, keys):
        """Write these as a segment of their own."""
        self.upsert(keys)
        self.collection.flush()

    def segments(self):
        return self.collection._segments_snapshot()

    def check(self):
        """Each row is found, first and once, with the vector that was written last; and there are no others."""
        for key, vector in self.vectors.items():
            (hits,) = self.collection.search([vector.tolist()], top_k=len(self.vectors) + 5, output_fields=["milvus_id"])
            assert hits[0]["id"] == key and hits[0]["distance"] == pytest.approx(1, abs=1e-5)
            assert sorted(hit["id"] for hit in hits) == sorted(self.vectors)

    def opened_again(self):
        self.db.close()
        self.db = MilvusLite(str(self.folder))
        self.collection = self.db.get_collection("pictures")
        self.collection.load()

    def files(self):
        return {path.name for path in Path(self.collection._data_dir).rglob("data_*.parquet")}


@pytest.fixture
def rows(tmp_path, monkeypatch):
    monkeypatch.setattr(engine.Collection, "_bg_compact_and_index", maintain)
    monkeypatch.setattr(engine, "execute_search_with_index", QuickSearch())
    made = Rows(tmp_path)
    yield made
    made.db.close()


@contextmanager
def merging(rows, monkeypatch):
    """Begin a merge of four segments of ten rows each, and hold it up before it takes their place until the block ends."""
    reached, go = threading.Event(), threading.Event()
    index = lite_merge._index

    def held_up(collection, segments):
        index(collection, segments)
        if any(segment.num_rows > 10 for segment in segments) and not go.is_set():
            reached.set()
            assert go.wait(WAIT_S)

    monkeypatch.setattr(lite_merge, "_index", held_up)
    for place in range(4):
        rows.segment(range(10 * place, 10 * place + 10))
    try:
        assert reached.wait(WAIT_S)
        yield
    finally:
        go.set()
    rows.collection._wait_for_bg(WAIT_S)


def test_segments_become_few_and_have_their_indexes(rows):
    for _ in range(60):
        rows.upsert(rows.random.choice(80, size=6, replace=False))
        rows.delete(rows.random.choice(80, size=2, replace=False))
        rows.collection.flush()
    rows.collection._wait_for_bg(WAIT_S)
    rows.check()
    assert len(rows.segments()) < 10
    assert all("feature" in segment.indexes for segment in rows.segments())
    assert len(rows.files()) == len(rows.segments())
    rows.opened_again()
    rows.check()


def test_a_merge_holds_up_neither_searches_nor_writes_and_its_outcome_has_an_index_at_once(rows, monkeypatch):
    with merging(rows, monkeypatch):
        assert [segment.num_rows for segment in rows.segments()] == [10] * 4
        rows.check()
        # Deleted, written anew and new since the merge read its segments; in segments of their own, and in none yet.
        rows.delete([3, 13])
        rows.segment([3, 4, 50])
        rows.delete([5])
        rows.upsert([14, 51])
        rows.check()
        assert [segment.num_rows for segment in rows.segments()] == [10] * 4 + [3]
    assert sorted(segment.num_rows for segment in rows.segments()) == [3, 40]
    assert all("feature" in segment.indexes for segment in rows.segments())
    assert len(rows.files()) == 2
    rows.check()
    rows.collection.flush()
    rows.opened_again()
    rows.check()


def test_what_was_merged_while_an_index_was_made_has_it_too(rows, monkeypatch):
    rows.collection.release()
    rows.collection.drop_index("feature")
    with merging(rows, monkeypatch):
        rows.collection.create_index("feature", INDEX)
        rows.collection.load()
    (merged,) = rows.segments()
    assert merged.num_rows == 40 and "feature" in merged.indexes
    rows.check()


def test_a_process_that_ends_within_a_merge_has_lost_nothing(rows, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(lite_merge.Merge, "_still_there", lambda *_: 1 / 0)
        for place in range(4):
            rows.segment(range(10 * place, 10 * place + 10))
        rows.collection._wait_for_bg(WAIT_S)
    assert len(rows.segments()) == 4 and len(rows.files()) > 4
    rows.check()
    with monkeypatch.context() as patched:
        # What opens a collection merges it at once, too: too early for a look at what is there.
        patched.setattr(engine.Collection, "_bg_compact_and_index", lambda _: None)
        rows.opened_again()
        rows.collection._wait_for_bg(WAIT_S)
        rows.check()
        assert len(rows.files()) == 4
    rows.segment([70])
    rows.collection._wait_for_bg(WAIT_S)
    rows.check()
    assert len(rows.files()) == len(rows.segments()) < 4


def test_a_partition_may_be_dropped_within_a_merge(rows, monkeypatch):
    rows.collection.create_partition("other")
    index = lite_merge._index

    def dropping(collection, segments):
        index(collection, segments)
        if any(segment.num_rows == 40 for segment in segments) and collection.has_partition("other"):
            collection.drop_partition("other")

    monkeypatch.setattr(lite_merge, "_index", dropping)
    for place in range(4):
        new = [{"milvus_id": key, "feature": [float(key)] * DIM} for key in range(10 * place, 10 * place + 10)]
        rows.collection.insert(new, partition_name="other")
        rows.collection.flush()
    rows.collection._wait_for_bg(WAIT_S)
    assert rows.segments() == () and rows.files() == set()
    rows.segment([1])
    rows.check()
