"""How one picture lies on another by their local features: an affine map that many like ones fit."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from imagesearch.images.agreement import Map, Whole
from imagesearch.images.features import Features, mirrored

Pairs = NDArray[np.intp]
"""Places of like features in the query and the target, shape (n, 2)."""

NO_PAIRS: Pairs = np.empty((0, 2), np.intp)

# The nearest feature has to be nearer than the second nearest by so much, in both directions.
RATIO = 0.85
# Pixels of the small copies, by which a feature may lie beside where the map puts it.
TOLERANCE = 4.0
# An affine map has six numbers, three points give them: fewer that fit than this say nothing.
LEAST_INLIERS = 5
# How sure it is to be that so many are found where they are, and how often three pairs are tried for that, at least and at most.
CONFIDENCE, LEAST_TRIES, MOST_TRIES = 0.999, 100, 2000
# No copy is shrunk, grown or stretched further than this.
MOST_SCALE, MOST_STRETCH = 8.0, 3.0


@dataclass(frozen=True, slots=True)
class Sought:
    """A query, made ready to be held against many.

    `rows`: the descriptors of its features, then those of its mirror image, float32, shape (2 n, 128); `squares` of their lengths.
    """

    features: Features
    rows: NDArray[np.float32]
    squares: NDArray[np.float32]
    whole: Whole

    @classmethod
    def of(cls, features: Features) -> Sought:
        """Make it ready."""
        return cls(features, *_rows(features), Whole.of(features.grey))

    def with_features(self, features: Features) -> Sought:
        """Return the same picture with the features that were found in it meanwhile."""
        return Sought(features, *_rows(features), self.whole)


@dataclass(frozen=True, slots=True)
class Match:
    """`inliers` of `pairs` of like features fit one map; None where they are too few, or it is none that a copy has."""

    way: Map | None
    inliers: int
    pairs: int


NO_MATCH = Match(None, 0, 0)


def matched(query: Sought, target: Features) -> tuple[Match, Match]:
    """Return what the query and its mirror image have in common with the target, by like local features."""
    plain, flipped = pairs(query, target)
    return fitted(query.features, target, plain, mirror=False), fitted(query.features, target, flipped, mirror=True)


def pairs(query: Sought, target: Features) -> tuple[Pairs, Pairs]:
    """Return the places of features that are each other's nearest, clearly nearer than the second: the query's own, and those of
    its mirror image.
    """
    count = len(query.features.points)
    if min(count, len(target.descriptors)) < 2:
        return NO_PAIRS, NO_PAIRS
    theirs = target.descriptors.astype(np.float32)
    # All are whole numbers that float32 holds exactly, whatever the order of the sums.
    squares = query.rows @ theirs.T
    squares *= -2
    squares += (theirs * theirs).sum(axis=1)
    squares += query.squares[:, None]
    return _clear(squares[:count]), _clear(squares[count:])


def fitted(query: Features, target: Features, pairs: Pairs, *, mirror: bool) -> Match:
    """Return the map that most of the pairs fit."""
    if len(pairs) < LEAST_INLIERS:
        return Match(None, 0, len(pairs))
    here, there = query.points[pairs[:, 0]], target.points[pairs[:, 1]]
    found, fits = cv2.estimateAffine2D(
        here, there, method=cv2.USAC_MAGSAC, ransacReprojThreshold=TOLERANCE, maxIters=_tries(len(pairs))
    )
    if found is None or not np.isfinite(found).all():
        return Match(None, 0, len(pairs))
    # Several features at one place are one piece of evidence.
    inliers = len(np.unique(np.rint(there[fits.ravel() > 0] / 2), axis=0))
    determinant = np.linalg.det(found[:, :2])
    stretch = np.linalg.svd(found[:, :2], compute_uv=False)
    sane = stretch[1] > 1 / MOST_SCALE and stretch[0] < MOST_SCALE and stretch[0] < MOST_STRETCH * stretch[1]
    if inliers < LEAST_INLIERS or not sane or (determinant < 0) != mirror:
        return Match(None, inliers, len(pairs))
    linear = found[:, :2] * np.asarray(query.size) / np.asarray(target.size)[:, None]
    return Match(np.column_stack([linear, found[:, 2] / np.asarray(target.size)]), inliers, len(pairs))


def _clear(squares: NDArray[np.float32]) -> Pairs:
    """Return the rows and columns that are nearest to each other, clearly nearer than the second of either; changes the array."""
    forth, back = squares.argmin(axis=1), squares.argmin(axis=0)
    rows = np.flatnonzero(back[forth] == np.arange(len(forth)))
    columns = forth[rows]
    nearest = squares[rows, columns]
    # Each row and column here has one of these: without them the least are the second nearest.
    squares[rows, columns] = np.inf
    second = np.minimum(squares[rows].min(axis=1), squares[:, columns].min(axis=0))
    # Squared distances: the ratio squared.
    kept = nearest <= RATIO**2 * second
    return np.column_stack([rows[kept], columns[kept]])


def _rows(features: Features) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    rows = np.concatenate([features.descriptors, mirrored(features.descriptors)]).astype(np.float32)
    return rows, (rows * rows).sum(axis=1)


def _tries(pairs: int) -> int:
    """Return after how many samples of three pairs LEAST_INLIERS good ones among them would have been found, with CONFIDENCE."""
    good = (LEAST_INLIERS / pairs) ** 3
    wanted = math.ceil(math.log(1 - CONFIDENCE) / math.log1p(-good)) if good < 1 else 1
    return min(max(wanted, LEAST_TRIES), MOST_TRIES)
