"""How exactly one picture lies on another where they overlap, in shape and colours: what tells a picture from variants of it."""

from __future__ import annotations

import cv2
import numpy as np

from imagesearch.images.agreement import EVERYWHERE, Grey, Map, in_pixels
from imagesearch.images.featureless import refined
from imagesearch.images.features import COLOURS_SIDE, GREY_SIDE, Features
from imagesearch.types import Pixels

# Pixels at the edge of what both hold are left out: where a map ends is not exact.
EDGE = np.ones((5, 5), np.uint8)
# Fewer pixels than this tell nothing.
LEAST_PIXELS = 64
LEAST_CELLS = 4
COLOURED = np.full((COLOURS_SIDE, COLOURS_SIDE), 255, np.uint8)
# A map by which no more than this is unlike need not be moved.
EXACT = 1e-3
# Grey levels squared: with less contrast than that there is nothing to have in common.
FLAT = 1e-3


def misfit(query: Features, target: Features, way: Map | None) -> float:
    """Return which share of the contrast of what two pictures have in common is not the same in both, or in other colours.

    In [0, 1]: 0 where the map, an Overlap's, lays one on the same picture but for its brightness and contrast, 1 where nothing is
    alike, or they overlap too little or not at all.
    """
    if way is None:
        return 1.0
    grey = _unlike(query.grey, target.grey, way)
    if grey > EXACT:
        # Maps that were found by a few features lie off by a pixel or two, which is more than variants differ by.
        grey = min(grey, _unlike(query.grey, target.grey, refined(query, target, way)))
    return min(grey + _miscoloured(query.colours, target.colours, way), 1.0)


def _unlike(query: Grey, target: Grey, way: Map) -> float:
    pixels = in_pixels(way, GREY_SIDE)
    laid = cv2.warpAffine(query, pixels, (GREY_SIDE, GREY_SIDE), flags=cv2.INTER_LINEAR)
    mask = cv2.warpAffine(EVERYWHERE, pixels, (GREY_SIDE, GREY_SIDE), flags=cv2.INTER_NEAREST)
    inside = cv2.erode(mask, EDGE, borderType=cv2.BORDER_CONSTANT, borderValue=255) > 0
    if inside.sum() < LEAST_PIXELS:
        return 1.0
    ours, theirs = (one[inside].astype(np.float64) for one in (laid, target))
    spread = ours.std() * theirs.std()
    if spread < FLAT:
        return 1.0
    common = float(((ours - ours.mean()) * (theirs - theirs.mean())).mean() / spread)
    return min(max(1.0 - common, 0.0), 1.0)


def _miscoloured(query: Pixels, target: Pixels, way: Map) -> float:
    """Return how far the colours are apart but for their brightness, as a share of all contrast; 0 where neither has any."""
    pixels = in_pixels(way, COLOURS_SIDE)
    laid = cv2.warpAffine(query, pixels, (COLOURS_SIDE, COLOURS_SIDE), flags=cv2.INTER_LINEAR)
    inside = cv2.warpAffine(COLOURED, pixels, (COLOURS_SIDE, COLOURS_SIDE), flags=cv2.INTER_LINEAR) == COLOURED
    ours, theirs = (one[inside].astype(np.float64) for one in (laid, target))
    if len(ours) < LEAST_CELLS:
        return 0.0
    brightness = [one.mean(axis=1, keepdims=True) for one in (ours, theirs)]
    ours, theirs = (one - grey for one, grey in zip((ours, theirs), brightness, strict=True))
    spread = sum(3 * float(np.square(grey - grey.mean()).sum()) for grey in brightness)
    spread += float(np.square(ours).sum() + np.square(theirs).sum())
    return float(np.square(ours - theirs).sum()) / spread if spread > FLAT else 0.0
