"""How one picture lies on another: affine maps between them, and how far the two agree where they overlap."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from imagesearch.images.features import GREY_SIDE, Features, mirrored
from imagesearch.images.softness import detail

Map = NDArray[np.float64]
"""An affine map from fractions of the query's width and height to those of the target's, shape (2, 3)."""

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
# Samples of a side by which the eight ways to lay a square on a square are told apart.
COARSE = 16
WAYS = tuple((mirror, quarters) for mirror in (False, True) for quarters in range(4))
# The window of the local correlation in pixels of the grey copies, and the contrast below which a window is flat.
WINDOW, FLAT = 13, 3.0


@dataclass(frozen=True, slots=True)
class Sought:
    """A query, made ready to be held against many.

    `rows`: the descriptors of its features, then those of its mirror image, float32, shape (2 n, 128); `squares` of their lengths.
    `turned`: a coarse copy in each of WAYS, shape (8, COARSE²); `detail` of the grey copy.
    """

    features: Features
    rows: NDArray[np.float32]
    squares: NDArray[np.float32]
    turned: NDArray[np.float64]
    detail: float

    @classmethod
    def of(cls, features: Features) -> Sought:
        """Make it ready."""
        rows = np.concatenate([features.descriptors, mirrored(features.descriptors)]).astype(np.float32)
        small = _unit(features.grey)
        turned = np.stack([np.rot90(np.fliplr(small) if mirror else small, quarters).ravel() for mirror, quarters in WAYS])
        return cls(features, rows, (rows * rows).sum(axis=1), turned, detail(features.grey))


@dataclass(frozen=True, slots=True)
class Match:
    """`inliers` of `pairs` of like features fit one map; None where they are too few, or it is none that a copy has."""

    way: Map | None
    inliers: int
    pairs: int


NO_MATCH = Match(None, 0, 0)


@dataclass(frozen=True, slots=True)
class Agreement:
    """How alike two grey pictures are where a map lays the query on the target.

    `mean` in [-1, 1]: the local correlation of all windows that have any contrast, weighted by that. `seen`: the share of the
    target that such windows cover; both are 0 where the pictures are flat. `softened`: the sharper of them was blurred for it.
    """

    way: Map
    mean: float
    seen: float
    softened: bool = False

    @property
    def mirrors(self) -> bool:
        """Whether the map turns the query over."""
        return bool(np.linalg.det(self.way[:, :2]) < 0)


def lying(query: Sought, target: Features) -> Map:
    """Return the best way to lay the whole query on the whole target: as it is, turned by quarters, or mirrored."""
    mirror, quarters = WAYS[int(np.argmax(query.turned @ _unit(target.grey).ravel()))]
    flip = np.diag([-1.0 if mirror else 1.0, 1.0])
    # A quarter against the clock: what lay right lies on top.
    turn = np.linalg.matrix_power(np.array([[0.0, 1.0], [-1.0, 0.0]]), quarters)
    linear = turn @ flip
    middle = np.full(2, 0.5)
    return np.column_stack([linear, middle - linear @ middle])


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


def in_pixels(way: Map, side: int) -> Map:
    """Return the map between the pixels of two squares with so many a side; their centres lie half a pixel off."""
    linear = way[:, :2]
    return np.column_stack([linear, way[:, 2] * side - 0.5 + linear @ np.full(2, 0.5)])


def agreement(query: Features, target: Features, way: Map) -> Agreement:
    """Lay one grey picture on the other. Brightness and contrast do not count, a caption over a part counts for that part."""
    whole = in_pixels(way, GREY_SIDE)
    laid = cv2.warpAffine(query.grey, whole, (GREY_SIDE, GREY_SIDE), flags=cv2.INTER_LINEAR)
    mask = cv2.warpAffine(np.full_like(query.grey, 255), whole, (GREY_SIDE, GREY_SIDE), flags=cv2.INTER_NEAREST) > 0
    share = _mean(mask.astype(np.float32))
    inside = mask & (share > 0.25)
    if not inside.any():
        return Agreement(way, 0.0, 0.0)
    share = np.maximum(share, 0.01)
    # What lies beyond the overlap counts as nothing in each window's sums.
    ours, theirs = np.where(mask, laid, 0).astype(np.float32), np.where(mask, target.grey, 0).astype(np.float32)
    our_mean, their_mean = _mean(ours) / share, _mean(theirs) / share
    our_deviation = np.sqrt(np.maximum(_mean(ours * ours) / share - our_mean**2, 0))
    their_deviation = np.sqrt(np.maximum(_mean(theirs * theirs) / share - their_mean**2, 0))
    together = _mean(ours * theirs) / share - our_mean * their_mean
    correlation = together / (np.maximum(our_deviation, FLAT) * np.maximum(their_deviation, FLAT))
    contrast = np.maximum(our_deviation, their_deviation)
    seen = inside & (contrast > FLAT)
    # The root: the edge of a caption has more contrast than all that is beside it.
    weights = np.where(seen, np.sqrt(contrast), 0)
    total = float(weights.sum())
    if not total:
        return Agreement(way, 0.0, 0.0)
    return Agreement(way, float(np.clip((weights * correlation).sum() / total, -1, 1)), float(seen.mean()))


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


def _tries(pairs: int) -> int:
    """Return after how many samples of three pairs LEAST_INLIERS good ones among them would have been found, with CONFIDENCE."""
    good = (LEAST_INLIERS / pairs) ** 3
    wanted = math.ceil(math.log(1 - CONFIDENCE) / math.log1p(-good)) if good < 1 else 1
    return min(max(wanted, LEAST_TRIES), MOST_TRIES)


def _mean(values: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(cv2.blur(values, (WINDOW, WINDOW), borderType=cv2.BORDER_CONSTANT), np.float32)


def _unit(grey: NDArray[np.uint8]) -> NDArray[np.float64]:
    few = np.asarray(cv2.resize(grey, (COARSE, COARSE), interpolation=cv2.INTER_AREA), np.float64)
    few -= few.mean()
    return few / max(float(np.linalg.norm(few)), 1e-9)
