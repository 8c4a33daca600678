"""Holding a query against one picture: which part of each shows the same, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from imagesearch.images.alignment import Agreement, Map, Sought, agreement, cut_from, lying, matched, refined, turned_back
from imagesearch.images.features import Features

Polygon = tuple[tuple[float, float], ...]
"""Corners in fractions of a picture's width and height, as it stands upright."""

Corners = NDArray[np.float64]
"""The same as an array, shape (n, 2)."""

SQUARE = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
NOWHERE = np.empty((0, 2))
# A map by which the pictures agree less than this shows no common area.
LEAST_AGREEMENT = 0.35
# Where a map makes them agree so well nothing else is looked for.
PLAIN_AGREEMENT = 0.6
# With fewer features than this in either picture, one may be a part of the other and nobody sees it by them.
FEW_FEATURES = 100
# Of so many places one fits by chance, of drawings up to eight tenths: a part that was only looked for has to agree by so much, in
# windows that cover so much of the target. Of 107 pictures' copies none had less, of what was found in others two thirds.
CUT_AGREEMENT, LEAST_SEEN = 0.88, 0.1
# A shared area smaller than this share of the picture is a speck.
LEAST_AREA = 0.01


@dataclass(frozen=True, slots=True)
class Overlap:
    """What two pictures have in common.

    `inliers` of `pairs` like local features fit one map, mirrored or not. `agreement`, in [-1, 1], is how alike the pictures are
    where the best map lays one on the other. `query` and `target` are percent of each picture's area, 0 where they do not agree,
    and the polygons show where; `mirrored`: the query's mirror image. `tone`, in [0, 1]: by how much their colours differ, the
    whole pictures laid on each other as they are.
    """

    inliers: int
    pairs: int
    agreement: float
    mirrored: bool
    tone: float
    query: float
    target: float
    query_area: Polygon
    target_area: Polygon


def overlap(query: Features, target: Features) -> Overlap:
    """Hold one picture against another; see `held`."""
    return held(Sought.of(query), target)


def held(sought: Sought, target: Features) -> Overlap:
    """Hold the query against the target: as a whole, by its local features, and by those of its mirror image.

    The same pictures give the same answer. Never raises, however small or flat they are.
    """
    query = sought.features
    plain, flipped = matched(sought, target)
    whole = lying(query, target)
    best_map, best = whole, agreement(query, target, whole)
    best_key = best.mean
    for match in (plain, flipped):
        if match.way is None:
            continue
        found = agreement(query, target, match.way)
        # Where both fit, the features know the edges better than the frame does.
        key = found.mean + min(match.inliers, 50) / 500
        if key > best_key:
            best_map, best, best_key = match.way, found, key
    if best.mean < PLAIN_AGREEMENT and min(len(query.points), len(target.points)) < FEW_FEATURES:
        best_map, best = _sought(query, target, best_map, best)
    is_mirrored = bool(np.linalg.det(best_map[:, :2]) < 0)
    match = flipped if is_mirrored else plain
    ours, theirs = _common(best_map) if best.mean >= LEAST_AGREEMENT else (NOWHERE, NOWHERE)
    return Overlap(
        inliers=match.inliers,
        pairs=match.pairs,
        agreement=best.mean,
        mirrored=is_mirrored,
        tone=float(np.abs(query.colours.astype(np.int16) - target.colours).mean()) / 255,
        query=_percent(ours),
        target=_percent(theirs),
        query_area=_polygon(ours),
        target_area=_polygon(theirs),
    )


def _sought(query: Features, target: Features, way: Map, best: Agreement) -> tuple[Map, Agreement]:
    """Look for what no features lead to: the same, but moved a little; then one picture as a part of the other."""
    if best.mean >= LEAST_AGREEMENT:
        way, best = _better(query, target, way, best)
    for part in (cut_from(query, target), turned_back(cut_from(target, query))):
        found = agreement(query, target, part)
        if found.mean >= PLAIN_AGREEMENT:
            part, found = _better(query, target, part, found)
        if found.seen >= LEAST_SEEN and found.mean >= max(CUT_AGREEMENT, best.mean):
            way, best = part, found
    return way, best


def _better(query: Features, target: Features, way: Map, known: Agreement) -> tuple[Map, Agreement]:
    moved = refined(query, target, way)
    found = agreement(query, target, moved)
    return (moved, found) if found.mean > known.mean else (way, known)


def _common(way: Map) -> tuple[Corners, Corners]:
    """Return the corners of what both frames hold, in each picture."""
    theirs = _within(SQUARE @ way[:, :2].T + way[:, 2])
    if _share(theirs) < LEAST_AREA:
        return NOWHERE, NOWHERE
    ours = (theirs - way[:, 2]) @ np.linalg.inv(way[:, :2]).T
    return np.clip(ours, 0, 1), np.clip(theirs, 0, 1)


def _within(corners: Corners) -> Corners:
    """Cut off what lies beyond the picture, edge by edge.

    OpenCV's intersectConvexConvex finds nothing where two edges nearly lie on each other, as they do here.
    """
    for axis in (0, 1):
        for sign, edge in ((1.0, 0.0), (-1.0, -1.0)):
            inside = sign * corners[:, axis] - edge
            kept = []
            for place in range(len(corners)):
                before, here = inside[place - 1], inside[place]
                if (before < 0) != (here < 0):
                    kept.append(corners[place - 1] + before / (before - here) * (corners[place] - corners[place - 1]))
                if here >= 0:
                    kept.append(corners[place])
            corners = np.asarray(kept, np.float64).reshape(-1, 2)
    return corners


def _share(corners: Corners) -> float:
    return float(cv2.contourArea(corners.astype(np.float32))) if len(corners) else 0.0


def _percent(corners: Corners) -> float:
    return round(100 * _share(corners), 1)


def _polygon(corners: Corners) -> Polygon:
    return tuple((round(float(x), 4), round(float(y), 4)) for x, y in corners)
