"""Holding a query against one picture: which part of each shows the same, and how sure that is."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from imagesearch.images.agreement import Agreement, Map, agreement
from imagesearch.images.alignment import NO_MATCH, Match, Sought, matched
from imagesearch.images.featureless import cut_from, refined, turned_back
from imagesearch.images.features import Features
from imagesearch.images.softness import detail, levelled

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
FEW_FEATURES = 80
# Where one has this much more detail, as a binary logarithm, it is also tried blurred.
LEAST_SHARPER = 0.5
# Copies blurred by a twenty-fifth of their side agree by more than this as they are; most others do not.
LEAST_ALIKE = 0.4
# Of so many places one fits by chance, of drawings up to eight tenths: a part that was only looked for has to agree by so much, in
# windows that cover so much of the target. Of 107 pictures' copies none had less, of what was found in others two thirds.
CUT_AGREEMENT, LEAST_SEEN = 0.88, 0.1
# A shared area smaller than this share of the picture is a speck.
LEAST_AREA = 0.01


@dataclass(frozen=True, slots=True)
class Overlap:
    """What two pictures have in common.

    `inliers` of `pairs` like local features fit one map, mirrored or not. `agreement`, in [-1, 1], is how alike the pictures are
    where the best map lays one on the other; `softened`: with the sharper of them blurred like the other. `query` and `target` are
    percent of each picture's area, 0 where they do not agree, and the polygons show where; `mirrored`: the query's mirror image.
    `tone` and `hue`, in [0, 1]: by how much their colours differ, and these without their brightness, the whole pictures laid on
    each other as they are. `sharpness`: how much more detail the query has, as a binary logarithm. `way`: the map that lays
    the query on the target, None where they do not agree.
    """

    inliers: int
    pairs: int
    agreement: float
    mirrored: bool
    tone: float
    hue: float
    sharpness: float
    softened: bool
    query: float
    target: float
    query_area: Polygon
    target_area: Polygon
    way: Map | None = field(compare=False)


def overlap(query: Features, target: Features) -> Overlap:
    """Hold one picture against another; see `held`."""
    return held(Sought.of(query), target)


def held(sought: Sought, target: Features) -> Overlap:
    """Hold the query against the target: as a whole, by its local features, and by those of its mirror image.

    The same pictures give the same answer. Never raises, however small or flat they are.
    """
    query = sought.features
    plain, flipped = matched(sought, target)
    sharpness = _sharpness(sought, target)
    best = _whole(sought, target, sharpness)
    key = best.mean
    for match in (plain, flipped):
        if match.way is None:
            continue
        found = agreement(query.grey, target.grey, match.way)
        # Where both fit, the features know the edges better than the frame does.
        found_key = found.mean + min(match.inliers, 50) / 500
        if found_key > key:
            best, key = found, found_key
    if best.mean < PLAIN_AGREEMENT and min(len(query.points), len(target.points)) < FEW_FEATURES:
        best = _sought(query, target, best)
    return _told(query, target, best, flipped if best.mirrors else plain, sharpness)


def laid(sought: Sought, target: Features) -> Overlap:
    """Hold the query against the target as a whole only, without local features: little work, and enough for most copies."""
    sharpness = _sharpness(sought, target)
    return _told(sought.features, target, _whole(sought, target, sharpness), NO_MATCH, sharpness)


def _sharpness(sought: Sought, target: Features) -> float:
    return math.log2(sought.whole.detail / detail(target.grey))


def _whole(sought: Sought, target: Features, sharpness: float) -> Agreement:
    """Return how the whole pictures agree, the sharper one made as soft as the other where that is better."""
    plain = sought.whole.laid(target.grey)
    if plain.mean < LEAST_ALIKE or abs(sharpness) < LEAST_SHARPER:
        return plain
    soft = agreement(*levelled(sought.whole.grey, target.grey), plain.way)
    return replace(soft, softened=True) if soft.mean > plain.mean else plain


def _told(query: Features, target: Features, best: Agreement, match: Match, sharpness: float) -> Overlap:
    ours, theirs = _common(best.way) if best.mean >= LEAST_AGREEMENT else (NOWHERE, NOWHERE)
    apart = query.colours.astype(np.int16) - target.colours
    return Overlap(
        inliers=match.inliers,
        pairs=match.pairs,
        agreement=best.mean,
        mirrored=best.mirrors,
        tone=float(np.abs(apart).mean()) / 255,
        hue=float(np.abs(apart - apart.mean(axis=2, keepdims=True)).mean()) / 255,
        sharpness=sharpness,
        softened=best.softened,
        query=_percent(ours),
        target=_percent(theirs),
        query_area=_polygon(ours),
        target_area=_polygon(theirs),
        way=best.way if len(ours) else None,
    )


def _sought(query: Features, target: Features, best: Agreement) -> Agreement:
    """Look for what no features lead to: the same, but moved a little; then one picture as a part of the other."""
    if best.mean >= LEAST_AGREEMENT:
        best = _better(query, target, best)
    for part in (cut_from(query, target), _turned_back(cut_from(target, query))):
        if part is None:
            continue
        # One that is turned a little does not agree at all before it is moved.
        found = _better(query, target, agreement(query.grey, target.grey, part))
        if found.seen >= LEAST_SEEN and found.mean >= max(CUT_AGREEMENT, best.mean):
            best = found
    return best


def _turned_back(way: Map | None) -> Map | None:
    return None if way is None else turned_back(way)


def _better(query: Features, target: Features, known: Agreement) -> Agreement:
    found = agreement(query.grey, target.grey, refined(query, target, known.way))
    return found if found.mean > known.mean else known


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
