"""A pass over vectors without an index finds what Milvus Lite's own does."""

import numpy as np
import pytest
from milvus_lite.index.brute_force import BruteForceIndex

from cli.stack import lite_scan
from cli.stack.lite_scan import scan

COUNT = 1000


@pytest.fixture
def random():
    return np.random.default_rng(0)


@pytest.fixture
def vectors(random):
    made = (random.normal(size=(COUNT, 24)) * random.uniform(0.1, 9, (COUNT, 1))).astype(np.float32)
    made[[0, 500]] = 0
    return made


@pytest.mark.parametrize("metric", ["COSINE", "L2", "IP"])
@pytest.mark.parametrize("share", [None, 0.9, 0.26, 0.1, 0.004, 0.0])
@pytest.mark.parametrize("top_k", [1, 10, 400, 1200])
def test_the_same_rows_in_the_same_order(random, vectors, metric, share, top_k):
    queries = random.normal(size=(3, 24)).astype(np.float32)
    valid = None if share is None else np.arange(COUNT) < share * COUNT
    if valid is not None:
        random.shuffle(valid)
    rows, distances = scan(vectors, queries, top_k, valid, metric)
    true_rows, true_distances = BruteForceIndex.build(vectors, metric).search(queries, top_k, valid)
    assert rows.dtype == true_rows.dtype and distances.dtype == true_distances.dtype
    assert distances == pytest.approx(true_distances, abs=1e-5)
    # Vectors of zeros are all equally far, and no order of theirs is the right one.
    zero = np.isin(true_rows, [0, 500])
    assert (rows == true_rows)[~zero].all()
    assert set(rows[zero]) <= {0, 500}


@pytest.mark.parametrize("size", [1, 7, 256, 257])
def test_blocks_of_any_size_are_the_whole(random, monkeypatch, size):
    monkeypatch.setattr(lite_scan, "BLOCK", 256 if size > 7 else 3)
    vectors = random.normal(size=(size, 24)).astype(np.float32)
    rows, distances = scan(vectors, vectors, 1, None, "COSINE")
    assert rows[:, 0].tolist() == list(range(size))
    assert distances == pytest.approx(np.zeros((size, 1)), abs=1e-5)


def test_a_query_of_zeros_is_as_far_from_all(vectors):
    rows, distances = scan(vectors, np.zeros((1, 24), np.float32), 5, None, "COSINE")
    assert (distances == 1).all() and len(set(rows[0])) == 5
