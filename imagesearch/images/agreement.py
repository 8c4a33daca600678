"""How alike two grey pictures are where one is laid on the other: as a whole, or by any affine map."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from imagesearch.images.features import GREY_SIDE
from imagesearch.images.softness import detail

Map = NDArray[np.float64]
"""An affine map from fractions of the query's width and height to those of the target's, shape (2, 3)."""

Grey = NDArray[np.uint8]
"""A grey copy, squashed to a square: shape (GREY_SIDE, GREY_SIDE)."""

Numbers = NDArray[np.float32]

# Samples of a side by which the eight ways to lay a square on a square are told apart: mirrored or not, turned by quarters.
COARSE = 16
WAYS = tuple((mirror, quarters) for mirror in (False, True) for quarters in range(4))
# The window of the local correlation in pixels of the grey copies, and the contrast below which a window is flat.
WINDOW, FLAT = 13, 3.0
# Windows of which less lies within the overlap say nothing.
LEAST_SHARE = 0.25


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


@dataclass(frozen=True, slots=True)
class Windows:
    """A grey picture, and the mean and standard deviation of the window around each of its pixels; all of one shape."""

    values: Numbers
    mean: Numbers
    deviation: Numbers

    @classmethod
    def of(cls, values: Numbers, share: Numbers) -> Windows:
        """Take them; `share` of each window lies within the picture, `values` are 0 outside."""
        mean = _mean(values) / share
        return cls(values, mean, np.sqrt(np.maximum(_mean(values * values) / share - mean * mean, 0)))

    def turned(self, mirror: bool, quarters: int) -> Windows:
        """Return those of the picture mirrored, then turned by quarters against the clock."""
        return Windows(*(_turned(one, mirror, quarters) for one in (self.values, self.mean, self.deviation)))


@dataclass(frozen=True, slots=True)
class Whole:
    """A query's grey picture, made ready to be laid on others as a whole.

    `coarse`: a small copy in each of WAYS, shape (8, COARSE²); `detail` as imagesearch.images.softness has it.
    """

    grey: Grey
    windows: Windows
    coarse: NDArray[np.float64]
    detail: float

    @classmethod
    def of(cls, grey: Grey) -> Whole:
        """Make it ready."""
        small = _coarse(grey)
        coarse = np.stack([_turned(small, mirror, quarters).ravel() for mirror, quarters in WAYS])
        return cls(grey, Windows.of(grey.astype(np.float32), ALL_INSIDE), coarse, detail(grey))

    def laid(self, target: Grey) -> Agreement:
        """Lay it on the target in the best of the eight ways."""
        place = int(np.argmax(self.coarse @ _coarse(target).ravel()))
        theirs = Windows.of(target.astype(np.float32), ALL_INSIDE)
        return _agreed(MAPS[place], self.windows.turned(*WAYS[place]), theirs, ALL_INSIDE, ALL_INSIDE > LEAST_SHARE)


def agreement(query: Grey, target: Grey, way: Map) -> Agreement:
    """Lay one grey picture on the other. Brightness and contrast do not count, a caption over a part counts for that part."""
    pixels = in_pixels(way, GREY_SIDE)
    laid = cv2.warpAffine(query, pixels, (GREY_SIDE, GREY_SIDE), flags=cv2.INTER_LINEAR)
    mask = cv2.warpAffine(EVERYWHERE, pixels, (GREY_SIDE, GREY_SIDE), flags=cv2.INTER_NEAREST) > 0
    share = _mean(mask.astype(np.float32))
    inside = mask & (share > LEAST_SHARE)
    if not inside.any():
        return Agreement(way, 0.0, 0.0)
    share = np.maximum(share, 0.01)
    # What lies beyond the overlap counts as nothing in each window's sums.
    ours, theirs = (Windows.of(np.where(mask, one, 0).astype(np.float32), share) for one in (laid, target))
    return _agreed(way, ours, theirs, share, inside)


def in_pixels(way: Map, side: int) -> Map:
    """Return the map between the pixels of two squares with so many a side; their centres lie half a pixel off."""
    linear = way[:, :2]
    return np.column_stack([linear, way[:, 2] * side - 0.5 + linear @ np.full(2, 0.5)])


def _agreed(way: Map, ours: Windows, theirs: Windows, share: Numbers, inside: NDArray[np.bool_]) -> Agreement:
    together = _mean(ours.values * theirs.values) / share - ours.mean * theirs.mean
    correlation = together / (np.maximum(ours.deviation, FLAT) * np.maximum(theirs.deviation, FLAT))
    contrast = np.maximum(ours.deviation, theirs.deviation)
    seen = inside & (contrast > FLAT)
    # The root: the edge of a caption has more contrast than all that is beside it.
    weights = np.sqrt(contrast) * seen
    total = float(weights.sum())
    if not total:
        return Agreement(way, 0.0, 0.0)
    return Agreement(way, float(np.clip(np.vdot(weights, correlation) / total, -1, 1)), float(seen.mean()))


def _map(mirror: bool, quarters: int) -> Map:
    flip = np.diag([-1.0 if mirror else 1.0, 1.0])
    # A quarter against the clock: what lay right lies on top.
    linear = np.linalg.matrix_power(np.array([[0.0, 1.0], [-1.0, 0.0]]), quarters) @ flip
    middle = np.full(2, 0.5)
    return np.column_stack([linear, middle - linear @ middle])


def _turned(values: NDArray[np.floating], mirror: bool, quarters: int) -> NDArray[np.floating]:
    return np.ascontiguousarray(np.rot90(np.fliplr(values) if mirror else values, quarters))


def _mean(values: Numbers) -> Numbers:
    return np.asarray(cv2.blur(values, (WINDOW, WINDOW), borderType=cv2.BORDER_CONSTANT), np.float32)


def _coarse(grey: Grey) -> NDArray[np.float64]:
    few = np.asarray(cv2.resize(grey, (COARSE, COARSE), interpolation=cv2.INTER_AREA), np.float64)
    few -= few.mean()
    return few / max(float(np.linalg.norm(few)), 1e-9)


EVERYWHERE = np.full((GREY_SIDE, GREY_SIDE), 255, np.uint8)
ALL_INSIDE = _mean(np.ones((GREY_SIDE, GREY_SIDE), np.float32))
MAPS = tuple(_map(mirror, quarters) for mirror, quarters in WAYS)
