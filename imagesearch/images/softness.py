"""Telling how soft a picture is, and making two as soft as each other: so a blurred copy is seen to be one."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

# What is lost first when a picture is blurred lies within so many pixels of the grey copy.
NEAR = (5, 5)
# A picture with less contrast, in grey levels, or with a smaller share of it so near, has none to compare by.
LEAST_SPREAD, LEAST_DETAIL = 2.0, 1e-3
# The blurs that are tried: standard deviations in pixels of the grey copy.
BLURS = (1.0, 2.0, 4.0)


def detail(grey: NDArray[np.uint8]) -> float:
    """Return what share of a grey copy's contrast lies within a few pixels, above 0; whatever its contrast is."""
    spread = float(cv2.meanStdDev(grey)[1][0, 0])
    if spread < LEAST_SPREAD:
        return LEAST_DETAIL
    # As whole numbers around a half of what they hold: a fraction of the time that floats take.
    near = cv2.addWeighted(grey, 0.5, cv2.blur(grey, NEAR), -0.5, 127.5)
    return max(2 * float(cv2.meanStdDev(near)[1][0, 0]) / spread, LEAST_DETAIL)


def levelled(query: NDArray[np.uint8], target: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return both grey copies, the one with more detail blurred until it has about as much as the other.

    Where none of the blurs brings them nearer to each other, they come back as they are.
    """
    ours, theirs = detail(query), detail(target)
    return (_softened(query, ours, theirs), target) if ours > theirs else (query, _softened(target, theirs, ours))


def _softened(grey: NDArray[np.uint8], known: float, wanted: float) -> NDArray[np.uint8]:
    nearest, least = grey, abs(math.log(known / wanted))
    for blur in BLURS:
        soft = np.asarray(cv2.GaussianBlur(grey, (0, 0), blur), np.uint8)
        apart = abs(math.log(detail(soft) / wanted))
        if apart > least:
            break
        nearest, least = soft, apart
    return nearest
