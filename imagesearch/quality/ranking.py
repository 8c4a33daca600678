"""How good a ranking is whose hits are relevant or not."""

from __future__ import annotations

from collections.abc import Sequence


def precision(relevant: Sequence[bool], k: int) -> float:
    """Return the share of the first `k` places that hold a relevant hit; a place without a hit holds none."""
    return sum(relevant[:k]) / k


def average_precision(relevant: Sequence[bool], every: int, places: int) -> float:
    """Return the mean, over the relevant pictures that so many places have room for, of the precision at each one's place.

    `every` is how many relevant ones there are, at least 1; one that is not among the hits counts as 0, also where there are fewer
    hits than places (Manning, Raghavan and Schuetze, Introduction to Information Retrieval, 8.4).
    """
    met, total = 0, 0.0
    for place, one in enumerate(relevant[:places], 1):
        if one:
            met += 1
            total += met / place
    return total / min(every, places)
