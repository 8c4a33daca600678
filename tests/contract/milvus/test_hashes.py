"""The index of perceptual hashes on Milvus Lite's server and on Milvus 2.3.5: as numbers on both, as bits where there are bits."""

import numpy as np
import pytest
from pymilvus import MilvusClient

from config.sections import MilvusSettings
from imagesearch.errors import StoreError
from imagesearch.stores.milvus.hashes import HashIndex
from imagesearch.types import IndexRow, Near

COUNT = 300


def hashes(seed=0):
    """Random hashes: any two differ in about half of their bits."""
    return [row.tobytes().hex() for row in np.random.default_rng(seed).integers(0, 256, (COUNT, 32), dtype=np.uint8)]


def moved(perceptual_hash, bits):
    """The hash with its first bits turned over."""
    return f"{int(perceptual_hash, 16) ^ ((1 << bits) - 1):064x}"


def distance(one, other):
    return (int(one, 16) ^ int(other, 16)).bit_count()


def rows(ids, namespace="default"):
    return [IndexRow(one, namespace, 1_700_000_000 + one) for one in ids]


@pytest.fixture(params=["lite HNSW", "lite FLAT", "server HNSW", "server IVF_SQ8", "server BIN_FLAT", "server BIN_IVF_FLAT"])
def index(request):
    store, kind = request.param.split()
    index = HashIndex(MilvusSettings(uri=request.getfixturevalue(f"milvus_{store}_uri"), hash_index=kind))
    dropped(request.getfixturevalue(f"milvus_{store}_uri"), index.collection)
    yield index
    dropped(request.getfixturevalue(f"milvus_{store}_uri"), index.collection)
    index.close()


def dropped(uri, collection):
    client = MilvusClient(uri=uri)
    client.drop_collection(collection)
    client.close()


def test_distances_are_told_in_bits_nearest_first(index):
    known = hashes()
    index.upsert(rows(range(1, COUNT + 1)), known)
    for bits in (0, 1, 40, 64):
        query = moved(known[6], bits)
        found = index.search(query, 5, "default")
        assert found[0] == Near(7, bits)
        assert [one.bits for one in found] == sorted(one.bits for one in found)
        # A distance is exact, also where numbers are kept rounded, for which two bits are let through.
        assert all(abs(one.bits - distance(query, known[one.milvus_id - 1])) <= 2 for one in found)


def test_the_extremes_are_told_apart(index):
    nothing, everything = "0" * 64, "f" * 64
    index.upsert(rows([1, 2]), [nothing, everything])
    assert index.search(nothing, 2, "default") == [Near(1, 0), Near(2, 256)]
    assert index.search(everything, 2, "default") == [Near(2, 0), Near(1, 256)]


def test_many_hashes_in_one_request_find_what_each_finds_alone(index):
    known = hashes()
    index.upsert(rows(range(1, COUNT + 1)), known)
    queries = [moved(one, 3) for one in known[:20]]
    found = index.search_many(queries, 3, "default")
    assert [nears[0] for nears in found] == [Near(place, 3) for place in range(1, 21)]
    assert found == [index.search(query, 3, "default") for query in queries]


def test_namespaces_times_and_replaced_hashes(index):
    known = hashes()
    index.upsert(rows(range(1, 11), "a") + rows(range(11, 21), "b"), known[:20])
    assert {one.milvus_id for one in index.search(known[0], 20, "b")} == set(range(11, 21))
    assert {one.milvus_id for one in index.search(known[0], 20, "a", (1_700_000_003, 1_700_000_004))} == {3, 4}
    index.upsert(rows([1], "a"), [known[30]])
    assert index.search(known[30], 1, "a") == [Near(1, 0)]
    assert index.count() == 20


def test_a_deleted_hash_is_neither_found_nor_counted(index):
    known = hashes()
    index.upsert(rows(range(1, 11)), known[:10])
    index.delete([3, 99])
    assert set(index.ids_between(0, 100)) == set(index.fetch(range(100))) == set(range(1, 11)) - {3}
    assert index.search(known[2], 1, "default")[0].milvus_id != 3


def test_what_is_fetched_is_the_hash(index):
    known = hashes()
    index.upsert(rows([5]), known[:1])
    vector = index.fetch([5])[5]
    assert np.packbits(vector > 0).tobytes().hex() == known[0]
    assert np.linalg.norm(vector) == pytest.approx(1.0)


def test_nothing_is_written_for_no_rows(index):
    index.upsert([], [])
    assert index.count() == 0


def test_milvus_lite_says_that_it_has_no_bits(milvus_lite_uri):
    index = HashIndex(MilvusSettings(uri=milvus_lite_uri, hash_index="BIN_IVF_FLAT"))
    with pytest.raises(StoreError, match="BinaryVector"):
        index.upsert(rows([1]), ["0" * 64])
    index.close()
