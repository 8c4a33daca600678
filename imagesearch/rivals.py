"""Of several pictures that are each likely what a copy was made of, only one is: those that fit less exactly stand behind it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

# From this likelihood of a copy on a picture is one of the rivals; so many of the likeliest are compared at most.
LEAST_COPY, MOST_RIVALS = 0.1, 12
# A misfit that is twice as large divides the odds by four; of less than this it tells no more.
WEIGHT, LEAST_MISFIT = 2.0, 1e-3
# Beyond these odds, as a natural logarithm, a copy is as sure as another.
MOST_ODDS = 20.0


def standings(copies: Sequence[float], misfits: Sequence[float]) -> list[float]:
    """Return by what hits are ordered, the more the better: how likely each is a copy, less where another likely one fits better.

    It is no probability: of a picture and the same with a caption both are copies, and one is the original. Rivals have 1 more, so
    that none of them falls behind what is no likely copy. `misfits`: of each hit, as imagesearch.images.misfit has it.
    """
    rivals = sorted((one for one in range(len(copies)) if copies[one] >= LEAST_COPY), key=lambda one: -copies[one])[:MOST_RIVALS]
    if len(rivals) < 2:
        return list(copies)
    unlike = np.log([max(misfits[one], LEAST_MISFIT) for one in rivals])
    standing = list(copies)
    for one, worse in zip(rivals, unlike - unlike.min(), strict=True):
        standing[one] = 1 + float(1 / (1 + np.exp(WEIGHT * worse - _odds(copies[one]))))
    return standing


def _odds(share: float) -> float:
    least = np.exp(-MOST_ODDS)
    return float(np.log(max(share, least)) - np.log(max(1 - share, least)))
