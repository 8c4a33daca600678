"""The vector index on Milvus Lite's server and on Milvus 2.3.5."""

import uuid

import numpy as np
import pytest

from config.sections import MilvusSettings
from imagesearch.errors import InputError, StoreError, StoreUnavailable
from imagesearch.stores.milvus.index import MilvusIndex
from imagesearch.types import MAX_ID, Fingerprint, IndexRow

DIM = 32


def unit_vectors(count, seed=0):
    vectors = np.random.default_rng(seed).normal(size=(count, DIM)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def rows(ids, namespace="default"):
    return [IndexRow(one, namespace, 1_700_000_000) for one in ids]


def open_index(uri, **settings):
    return MilvusIndex(MilvusSettings(uri=uri, **settings), Fingerprint("tiny", uuid.uuid4().hex, "p", DIM))


@pytest.fixture
def index(milvus_uri):
    index = open_index(milvus_uri)
    yield index
    with index._client() as client:
        client.drop_collection(index.collection)
    index.close()


def test_what_was_upserted_is_found_at_once_by_its_own_vector(index):
    vectors = unit_vectors(200)
    index.upsert(rows(range(1, 201)), vectors)
    for place in (0, 99, 199):
        best = index.search(vectors[place], 3, "default")
        assert best[0].milvus_id == place + 1
        assert best[0].score == pytest.approx(1.0, abs=1e-4)
        assert [hit.score for hit in best] == sorted((hit.score for hit in best), reverse=True)


@pytest.mark.parametrize("metric", ["COSINE", "IP", "L2"])
@pytest.mark.parametrize("kind", ["HNSW", "IVF_FLAT", "IVF_SQ8", "FLAT"])
def test_the_score_is_the_cosine_whatever_index_and_metric(milvus_uri, metric, kind):
    index = open_index(milvus_uri, metric=metric, index=kind)
    vectors = unit_vectors(100)
    index.upsert(rows(range(1, 101)), vectors)
    hits = index.search(vectors[7], 10, "default")
    assert hits[0].milvus_id == 8
    for hit in hits:
        assert hit.score == pytest.approx(float(vectors[hit.milvus_id - 1] @ vectors[7]), abs=0.02 if kind == "IVF_SQ8" else 1e-3)
    with index._client() as client:
        client.drop_collection(index.collection)
    index.close()


def test_the_ranking_equals_the_exact_one(index):
    vectors = unit_vectors(500)
    index.upsert(rows(range(1, 501)), vectors)
    for query in unit_vectors(20, seed=1):
        exact = (np.argsort(-(vectors @ query))[:10] + 1).tolist()
        assert len(set(exact) & {hit.milvus_id for hit in index.search(query, 10, "default")}) >= 9


def test_many_vectors_in_one_request_find_what_each_finds_alone(index):
    vectors = unit_vectors(300)
    index.upsert(rows(range(1, 201)) + rows(range(201, 301), "other"), vectors)
    queries = [*vectors[:30], *unit_vectors(10, seed=1)]
    found = index.search_many(queries, 5, "default")
    assert [hits[0].milvus_id for hits in found[:30]] == list(range(1, 31))
    for query, hits in zip(queries, found, strict=True):
        alone = index.search(query, 5, "default")
        assert [hit.milvus_id for hit in hits] == [hit.milvus_id for hit in alone]
        assert [hit.score for hit in hits] == pytest.approx([hit.score for hit in alone], abs=1e-5)


def test_an_upsert_of_a_known_id_replaces_it(index):
    vectors = unit_vectors(2)
    index.upsert(rows([1]), vectors[:1])
    index.upsert(rows([1]), vectors[1:])
    assert index.count() == 1
    assert np.allclose(index.fetch([1])[1], vectors[1], atol=1e-6)


def test_namespaces_do_not_see_each_other(index):
    vectors = unit_vectors(20)
    index.upsert(rows(range(1, 11), "a") + rows(range(11, 21), "b"), vectors)
    assert {hit.milvus_id for hit in index.search(vectors[0], 100, "b")} == set(range(11, 21))
    assert index.search(vectors[0], 100, "A") == []


def test_only_what_was_created_in_the_given_seconds_is_found(index):
    vectors = unit_vectors(20)
    index.upsert([IndexRow(n, "default", 1_700_000_000 + n) for n in range(20)], vectors)

    def found(*created):
        return {hit.milvus_id for hit in index.search(vectors[0], 100, "default", created)}

    assert found(1_700_000_005, 1_700_000_007) == {5, 6, 7}
    assert found(0, 253_402_214_400) == set(range(20))
    assert found(1_700_000_007, 1_700_000_005) == set()


@pytest.mark.parametrize("namespace", ['a" or milvus_id > 0 or namespace == "', "a\\", "a\nb"])
def test_a_namespace_cannot_break_out_of_the_filter(index, namespace):
    with pytest.raises(InputError):
        index.search(unit_vectors(1)[0], 1, namespace)


def test_a_large_top_k_gives_what_there_is(index):
    index.upsert(rows(range(1, 51)), unit_vectors(50))
    assert len(index.search(unit_vectors(1)[0], 1000, "default")) == 50


def test_an_empty_index_has_no_hits_and_counts_nothing(index):
    assert index.search(unit_vectors(1)[0], 10, "default") == []
    assert (index.count(), index.fetch([1]), list(index.ids_between(-MAX_ID, MAX_ID))) == (0, {}, [])


def test_deleted_ids_are_gone_and_unknown_ones_no_error(index):
    index.upsert(rows(range(1, 11)), unit_vectors(10))
    index.delete([3, 4, 999])
    assert set(index.ids_between(-MAX_ID, MAX_ID)) == {1, 2, 5, 6, 7, 8, 9, 10}
    assert index.count_between(2, 5) == 1


def test_ranges_of_ids_are_open_below_and_closed_above(index):
    index.upsert(rows([5, 6, 7, MAX_ID - 1]), unit_vectors(4))
    assert set(index.ids_between(5, 7)) == {6, 7}
    assert index.count_between(5, 7) == 2
    assert set(index.ids_between(7, MAX_ID)) == {MAX_ID - 1}


def test_thousands_of_ids_are_fetched_in_parts(index):
    vectors = unit_vectors(2500)
    index.upsert(rows(range(1, 2501)), vectors)
    found = index.fetch(range(1, 2600))
    assert len(found) == 2500
    assert np.allclose(found[2400], vectors[2399], atol=1e-6)


def test_a_collection_of_another_shape_is_refused_by_name(index):
    index.upsert(rows([1]), unit_vectors(1))

    class Impostor(Fingerprint):
        collection = index.collection

    other = MilvusIndex(index._settings, Impostor("tiny", "other", "p", DIM * 2))
    with pytest.raises(StoreError, match=index.collection):
        other.count()
    other.close()


def test_two_processes_may_make_the_collection_at_once(milvus_uri):
    from concurrent.futures import ThreadPoolExecutor

    fingerprint = Fingerprint("tiny", uuid.uuid4().hex, "p", DIM)
    indexes = [MilvusIndex(MilvusSettings(uri=milvus_uri), fingerprint) for _ in range(4)]
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(lambda one: one.count(), indexes)) == [0, 0, 0, 0]
    with indexes[0]._client() as client:
        client.drop_collection(indexes[0].collection)
    for one in indexes:
        one.close()


def test_a_server_that_is_away_is_named():
    index = open_index("http://127.0.0.1:1", timeout_s=1.0)
    with pytest.raises(StoreUnavailable) as caught:
        index.ping()
    assert caught.value.data["store"] == "milvus"
    assert isinstance(caught.value, StoreError)
