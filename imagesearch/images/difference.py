"""Where two pictures that lie on each other differ: what tells variants of one drawing from copies of it."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from imagesearch.images.agreement import Map
from imagesearch.images.overlap import Polygon
from imagesearch.types import Pixels

SIDE = 256
"""The longest side of the copy in colours that is looked at, in pixels."""

# The longest side at which they are laid on each other, where both have so many pixels: what one of them is too small to show is
# no difference.
LAID_SIDE = 192
# No copy has more or less contrast than this, as a factor.
MOST_GAIN = 2.75
# A picture with less contrast than this has nothing to differ in.
LEAST_RANGE = 40.0
# Grey of red, green and blue, as JPEGs have it; they keep colours at half the resolution and coarsely, so these are compared in
# wider windows, and count for less.
LUMA = np.array([0.299, 0.587, 0.114], np.float32)
FINE, COARSE, TINT = 3, 9, 0.5
# Pixels at the edge of what is common: where a map ends is not exact.
EDGE = 3


def in_colours(rgb: Image.Image) -> Pixels:
    """Return a small copy of an upright RGB picture, uint8 (height, width, 3), no side longer than SIDE."""
    small = rgb.copy()
    small.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS, reducing_gap=2.0)
    return np.asarray(small)


def map_of(query_area: Polygon, target_area: Polygon) -> Map | None:
    """Return the affine map that lays one area on the other, in fractions of both pictures; None where they are too few corners."""
    if len(query_area) < 3 or len(query_area) != len(target_area):
        return None
    corners = np.column_stack([np.asarray(query_area), np.ones(len(query_area))])
    found, _, rank, _ = np.linalg.lstsq(corners, np.asarray(target_area), rcond=None)
    return np.asarray(found.T) if rank == 3 else None


def difference(query: Pixels, target: Pixels, way: Map) -> float:
    """Return how much they differ at most at any one place, laid on each other by `way`: 0 nowhere, 1 as black and white.

    Brightness and contrast of the whole do not count, nor what a shift by a pixel explains. 1 where they share too little.
    """
    mine = np.array([query.shape[1], query.shape[0]], np.float64)
    theirs = np.array([target.shape[1], target.shape[0]], np.float64)
    # Pixels of the target for one of the query.
    grown = math.sqrt(abs(np.linalg.det(way[:, :2] * theirs[:, None] / mine)))
    scale = min(LAID_SIDE / theirs.max(), 1 / max(grown, 1.0))
    width, height = (max(8, round(float(side) * scale)) for side in theirs)
    there = _soft(cv2.resize(target, (width, height), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR))
    size = np.array([width, height], np.float64)
    linear = way[:, :2] * size[:, None] / mine
    # From the centres of pixels to fractions, and back.
    shift = way[:, 2] * size + linear @ np.full(2, 0.5) - 0.5
    whole = np.column_stack([linear, shift])
    here = _soft(cv2.warpAffine(query, whole, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))
    mask = cv2.warpAffine(np.full(query.shape[:2], 255, np.uint8), whole, (width, height), flags=cv2.INTER_NEAREST)
    inside = cv2.erode(mask, np.ones((EDGE, EDGE), np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=255) > 0
    if inside.sum() < 64:
        return 1.0
    here = _toned(here, there, inside)
    span = max(float(np.ptp(np.percentile(there[inside], (1, 99)))), LEAST_RANGE)
    light = _apart(_grey(here), _grey(there), FINE)
    tint = _apart(_colour(here), _colour(there), COARSE).max(axis=2)
    beyond = np.maximum(light, TINT * tint) / span
    beyond[~inside] = 0
    return float(min(_soft(beyond).max(), 1.0))


def _grey(rgb: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(rgb @ LUMA, np.float32)


def _colour(rgb: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return how much redder and bluer than grey it is, shape (height, width, 2), as softly as a JPEG keeps it."""
    return _soft(rgb[..., ::2] - _grey(rgb)[..., None], COARSE)


def _apart(one: NDArray[np.float32], other: NDArray[np.float32], window: int) -> NDArray[np.float32]:
    """Return how far each value of either lies beyond all that the other has around it, in a window of so many pixels."""
    return np.maximum(_beyond(one, other, window), _beyond(other, one, window))


def _beyond(one: NDArray[np.float32], other: NDArray[np.float32], window: int) -> NDArray[np.float32]:
    around = np.ones((window, window), np.uint8)
    above, below = one - cv2.dilate(other, around), cv2.erode(other, around) - one
    return np.asarray(np.maximum(np.maximum(above, below), 0), np.float32)


def _toned(here: NDArray[np.float32], there: NDArray[np.float32], inside: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Give it the brightness and contrast that it has there, the same for all colours: another colour is another picture."""
    ours, theirs = here[inside].ravel(), there[inside].ravel()
    kept = np.ones(len(ours), bool)
    gain, offset = 1.0, 0.0
    for _ in range(3):
        spread = float(ours[kept].var())
        gain = float(np.cov(ours[kept], theirs[kept], bias=True)[0, 1]) / spread if spread > 1 else 1.0
        gain = float(np.clip(gain, 1 / MOST_GAIN, MOST_GAIN))
        offset = float(theirs[kept].mean()) - gain * float(ours[kept].mean())
        off = np.abs(gain * ours + offset - theirs)
        # What differs must not have a say in what the tone is.
        kept = off <= max(float(np.percentile(off, 85)), 4.0)
    return gain * here + np.float32(offset)


def _soft(values: ArrayLike, window: int = FINE) -> NDArray[np.float32]:
    return np.asarray(cv2.blur(np.asarray(values, np.float32), (window, window), borderType=cv2.BORDER_REPLICATE), np.float32)
