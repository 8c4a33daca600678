"""A measured figure with its 95 % interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

# The 97.5 % quantile of the normal distribution.
Z = 1.959963984540054
RESAMPLES = 1000


@dataclass(frozen=True, slots=True)
class Figure:
    """`value` in [0, 1], within [low, high] with a confidence of 95 %, from `count` observations."""

    value: float
    low: float
    high: float
    count: int


def share(found: int, asked: int) -> Figure:
    """Return the share found, with Wilson's score interval, which holds near 0 and 1, too. `asked` is at least 1.

    Wilson 1927, J. Am. Stat. Assoc. 22, 209; advised by Brown, Cai and DasGupta 2001, Stat. Sci. 16, 101.
    """
    p, z2 = found / asked, Z * Z
    middle = (p + z2 / (2 * asked)) / (1 + z2 / asked)
    half = Z / (1 + z2 / asked) * math.sqrt(p * (1 - p) / asked + z2 / (4 * asked * asked))
    # At the ends the formula gives the end itself, but for the rounding of floats.
    return Figure(p, 0.0 if found == 0 else middle - half, 1.0 if found == asked else middle + half, asked)


def mean(values: Sequence[float]) -> Figure:
    """Return the mean of at least one value, with the percentile bootstrap's interval (Efron 1979), the same at each call."""
    array = np.asarray(values, float)
    chance = np.random.default_rng(0)
    # One resample after the other: all at once would take 8 kB for each value.
    means = [array[chance.integers(0, len(array), len(array))].mean() for _ in range(RESAMPLES)]
    low, high = np.percentile(means, (2.5, 97.5))
    return Figure(float(array.mean()), float(low), float(high), len(array))
