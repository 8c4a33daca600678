"""One ranking from several: no picture twice, none missing above the floor."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from imagesearch.types import Hit
from serve_app.merged import merged


def ranked(scores, asked):
    hits = [Hit(one, float(score)) for one, score in enumerate(scores)]
    return sorted(hits, key=lambda hit: -hit.score)[:asked]


@given(st.integers(1, 5), st.integers(1, 30), st.integers(1, 12), st.integers(0, 10**6))
def test_down_to_its_end_it_is_the_ranking_by_the_best_score(views, pictures, asked, seed):
    scores = np.random.default_rng(seed).random((views, pictures))
    found = merged([ranked(row, asked) for row in scores], asked)
    best = scores.max(axis=0)
    expected = sorted(range(pictures), key=lambda one: -best[one])[: len(found.hits)]
    assert [hit.milvus_id for hit in found.hits] == expected
    assert [hit.score for hit in found.hits] == [float(best[one]) for one in expected]
    assert all(found.views[one] == scores[:, one].argmax() for one in expected)
    assert found.more == (pictures >= asked)
    # At least the best of all is always known.
    assert found.hits or not pictures


def test_of_one_ranking_nothing_is_left_out():
    hits = [Hit(1, 0.9), Hit(2, 0.9), Hit(3, 0.1)]
    assert merged([hits], 3).hits == hits
