"""The vectors by which the cost of a search is measured, and how the figures read."""

import numpy as np

from benchmarks.sizes import CLUSTERS, Size, clustered, judged


def test_vectors_lie_in_clusters_and_are_of_length_one():
    vectors = clustered(3000)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert np.array_equal(vectors, clustered(3000))
    cosines = vectors @ vectors[:200].T
    nearest = np.sort(cosines, axis=0)[::-1]
    # The others of a cluster are near, a stranger is not.
    assert nearest[3000 // CLUSTERS // 2].mean() > 0.6
    assert abs(nearest[1500].mean()) < 0.1
    assert np.linalg.matrix_rank(vectors[:200]) < 60


def test_each_size_is_held_against_the_raw_client_and_against_its_own_fresh_state():
    figures = judged("Milvus Lite", [Size(1000, 500.0, 40.0, 3.0, True, 12.0, 10.0, 0.99)], "command")
    assert [(one.ours, one.against) for one in figures] == [(12.0, 10.0), (40.0, 12.0), (3.0, None), (0.99, None)]
    assert all("1,000 vectors, Milvus Lite" in one.figure for one in figures)
