"""What Milvus Lite's server has said yes to is there after a kill, however many write at once."""

import threading

import numpy as np
import pytest
from pymilvus import DataType, MilvusClient, MilvusException

from benchmarks.servers.milvus import MilvusLite

WRITERS, ROWS, DIM, KILLS = 4, 16, 1280, 4
NAME = "kept"


@pytest.fixture
def server(tmp_path):
    server = MilvusLite(tmp_path)
    server.start()
    yield server
    server.stop()


class Writers:
    """Threads that upsert row after row, and know which were acknowledged."""

    def __init__(self, uri):
        self.uri = uri
        self.next = 0
        self.acknowledged = set()
        self.lock = threading.Lock()
        self.ended = threading.Event()
        self.threads = [threading.Thread(target=self.write, daemon=True) for _ in range(WRITERS)]

    def write(self):
        vector = np.random.default_rng(0).random(DIM, dtype=np.float32).tolist()
        while not self.ended.is_set():
            with self.lock:
                ids = range(self.next, self.next + ROWS)
                self.next += ROWS
            while not self.ended.is_set():
                try:
                    MilvusClient(self.uri).upsert(NAME, [{"milvus_id": key, "feature": vector} for key in ids], timeout=5)
                except MilvusException:
                    self.ended.wait(0.1)
                    continue
                with self.lock:
                    self.acknowledged.update(ids)
                break

    def wait_for(self, more):
        """Return once so many more rows are acknowledged."""
        goal = len(self.acknowledged) + more
        while len(self.acknowledged) < goal:
            assert any(thread.is_alive() for thread in self.threads)
            self.ended.wait(0.05)

    def end(self):
        self.ended.set()
        for thread in self.threads:
            thread.join(30)


def kept(uri, count):
    client = MilvusClient(uri)
    client.load_collection(NAME)
    found = set()
    for low in range(0, count, 1000):
        some = f"milvus_id >= {low} and milvus_id < {low + 1000}"
        keys = [row["milvus_id"] for row in client.query(NAME, filter=some, output_fields=["milvus_id"], limit=1000)]
        assert len(set(keys)) == len(keys)
        found.update(keys)
    return found


def test_no_acknowledged_vector_is_lost(server):
    client = MilvusClient(server.uri)
    schema = client.create_schema(auto_id=False)
    schema.add_field("milvus_id", DataType.INT64, is_primary=True)
    schema.add_field("feature", DataType.FLOAT_VECTOR, dim=DIM)
    index = client.prepare_index_params()
    index.add_index("feature", index_type="FLAT", metric_type="COSINE")
    client.create_collection(NAME, schema=schema, index_params=index)
    writers = Writers(server.uri)
    for thread in writers.threads:
        thread.start()
    try:
        for _ in range(KILLS):
            writers.wait_for(more=700)  # some three times what the server puts into a segment
            server.process().kill()
            server.start()
        writers.wait_for(more=200)
    finally:
        writers.end()
    assert not writers.acknowledged - kept(server.uri, writers.next)
