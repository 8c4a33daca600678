"""In which order likely copies stand: of those that fit less exactly none comes before one that fits."""

from __future__ import annotations

import pytest

from imagesearch.rivals import LEAST_COPY, MOST_RIVALS, standings


def test_what_fits_better_comes_first_however_likely_the_other_is():
    first, second, third, unlikely = standings([0.999, 0.99, 0.3, 0.09], [0.04, 0.002, 0.5, 1.0])
    assert second == pytest.approx(1.99)
    assert second > first > third > unlikely == 0.09


def test_who_has_no_rival_keeps_what_it_has():
    copies = [0.9, LEAST_COPY / 2, 0.0]
    assert standings(copies, [0.5, 0.0, 0.0]) == copies
    assert standings([], []) == []


def test_all_that_fit_equally_well_stay_as_they_are():
    copies = [0.5, 0.9, 1.0, LEAST_COPY]
    assert standings(copies, [0.02] * 4) == pytest.approx([1 + one for one in copies])
    # What nobody could see makes no difference.
    assert standings(copies, [0.0, 1e-4, 1e-5, 1e-3]) == pytest.approx([1 + one for one in copies])


def test_no_more_are_rivals_than_are_looked_at():
    copies = [0.2 + one / 100 for one in range(MOST_RIVALS + 5)]
    assert standings(copies, [0.1] * len(copies)) == pytest.approx([*copies[:5], *(1 + one for one in copies[5:])])
