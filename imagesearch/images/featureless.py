"""Maps between pictures that have no features to find them by: one as a part of the other, and a map moved to where they agree."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from imagesearch.images.agreement import Map, in_pixels
from imagesearch.images.features import Features

# How much smaller a cut may be than the picture, step by step.
CUTS = tuple(0.94**n for n in range(1, 16))
# It is looked for by so many samples of a side; but first by fewer, in every third size: where nothing correlates by so much it is
# not there, else the best size is within a step of that.
FINE, ROUGH, LEAST_ROUGH = 48, 24, 0.7
# A cut has so many samples of a side at least.
LEAST_SAMPLES = 4
# A map is moved so often at most, until the correlation grows by less than that, on copies blurred by so many pixels.
STEPS, SOFT = (cv2.TERM_CRITERIA_COUNT + cv2.TERM_CRITERIA_EPS, 20, 1e-3), 3
EVERYWHERE = np.full((FINE, FINE), 255, np.uint8)
# Where it shrinks one picture to nothing it is none; the same for one that turns it over.
LEAST_SIZE = 1e-4


def cut_from(query: Features, target: Features) -> Map | None:
    """Return where in the target the whole query lies best, upright, as one that was cut from it at any place; None where nowhere.

    Of a drawing a cut has few features to be found by.
    """
    sides = np.asarray(query.size) / np.asarray(target.size)
    sides /= sides.max()
    rough = _cuts(query, target, sides, ROUGH, range(1, len(CUTS), 3))
    if not rough or max(rough)[0] < LEAST_ROUGH:
        return None
    _, place, _ = max(rough)
    fine = _cuts(query, target, sides, FINE, range(max(place - 1, 0), min(place + 2, len(CUTS))))
    if not fine:
        return None
    x, y, wide, high = np.asarray(max(fine)[2]) / FINE
    return np.array([[wide, 0.0, x], [0.0, high, y]])


def turned_back(way: Map) -> Map:
    """Return the map from the target to the query."""
    linear = np.linalg.inv(way[:, :2])
    return np.column_stack([linear, -linear @ way[:, 2]])


def refined(query: Features, target: Features, way: Map) -> Map:
    """Return the map moved a little, to where the pictures correlate best (Evangelidis and Psarakis, 2008); the map itself where
    that leads nowhere.
    """
    back = turned_back(way)
    moved = in_pixels(back, FINE).astype(np.float32)
    try:
        cv2.findTransformECC(_small(target), _small(query), moved, cv2.MOTION_AFFINE, STEPS, EVERYWHERE, SOFT)
    except cv2.error:
        # It does not converge: the one is not seen in the other from here.
        return way
    linear = moved[:, :2].astype(np.float64)
    if not np.isfinite(moved).all() or np.linalg.det(linear) * np.linalg.det(back[:, :2]) < LEAST_SIZE:
        return way
    return turned_back(np.column_stack([linear, (moved[:, 2] + 0.5 - linear @ np.full(2, 0.5)) / FINE]))


def _cuts(
    query: Features, target: Features, sides: NDArray[np.float64], samples: int, places: range
) -> list[tuple[float, int, tuple[int, int, int, int]]]:
    """Return how well the query correlates with its best place in the target, in each of these sizes of CUTS: the correlation,
    the size's place, and left, top, width and height in samples.
    """
    small, whole = (_small(one, samples) for one in (query, target))
    sizes = np.maximum(np.rint(samples * np.outer(CUTS, sides)), LEAST_SAMPLES).astype(int).tolist()
    found = []
    for place in places:
        width, height = sizes[place]
        part = cv2.resize(small, (width, height), interpolation=cv2.INTER_AREA)
        _, best, _, (left, top) = cv2.minMaxLoc(cv2.matchTemplate(whole, part, cv2.TM_CCOEFF_NORMED))
        if math.isfinite(best):
            found.append((best, place, (left, top, width, height)))
    return found


def _small(picture: Features, samples: int = FINE) -> NDArray[np.uint8]:
    return np.asarray(cv2.resize(picture.grey, (samples, samples), interpolation=cv2.INTER_AREA), np.uint8)
