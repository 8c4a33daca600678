"""Intervals, rankings and thresholds against values worked out by hand or known from the literature."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imagesearch.quality.figure import mean, share
from imagesearch.quality.ranking import average_precision, precision
from imagesearch.quality.threshold import threshold

SCORES = st.lists(st.floats(-1, 1), max_size=60)


def test_wilsons_interval_is_that_of_the_tables():
    half = share(5, 10)
    assert (half.low, half.high) == (pytest.approx(0.2366, abs=1e-4), pytest.approx(0.7634, abs=1e-4))
    every = share(10, 10)
    assert (every.value, every.high) == (1.0, 1.0)
    assert every.low == pytest.approx(0.7225, abs=1e-4)
    assert share(0, 10).low == 0.0


@settings(deadline=None)
@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_an_interval_holds_its_share_and_stays_within_zero_and_one(found_of):
    one = share(*found_of)
    assert 0 <= one.low <= one.value <= one.high <= 1


def test_the_bootstrap_repeats_and_narrows_with_more_values():
    few, many = mean([0.0, 1.0] * 10), mean([0.0, 1.0] * 200)
    assert few == mean([0.0, 1.0] * 10)
    assert few.value == many.value == 0.5
    assert few.high - few.low > 2 * (many.high - many.low)
    assert mean([0.25]).low == mean([0.25]).high == 0.25


def test_precision_and_average_precision_of_a_known_ranking():
    ranking = [True, False, True, False, False]
    assert precision(ranking, 1) == 1.0
    assert precision(ranking, 5) == 0.4
    assert precision([True], 5) == 0.2
    assert average_precision(ranking, 2, 5) == pytest.approx((1 + 2 / 3) / 2)
    assert average_precision(ranking, 3, 5) == pytest.approx((1 + 2 / 3) / 3)
    # There is room for one.
    assert average_precision([True], 100, 1) == 1.0
    # There was room for ten more, and nothing came.
    assert average_precision([True], 100, 11) == pytest.approx(1 / 11)
    assert average_precision([], 3, 5) == 0.0


def test_a_threshold_lets_through_the_share_of_false_pairs_that_was_chosen():
    false = [place / 100 for place in range(100)]
    chosen = threshold([0.5, 0.985, 1.0, -1.0], false, 0.05)
    assert chosen.false_rate == 0.05
    assert 0.94 < chosen.score < 0.95
    assert chosen.true_rate == 0.5
    assert threshold([0.5], false, 0.0).false_rate == 0.0
    assert threshold([0.5, -1.0], [], 0.01).true_rate == 0.5


@settings(deadline=None)
@given(SCORES, SCORES, st.floats(0, 1))
def test_no_threshold_lets_through_more_than_was_chosen(true, false, rate):
    assert threshold(true, false, rate).false_rate <= rate
