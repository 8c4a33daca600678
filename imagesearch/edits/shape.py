"""Changes of size, of place and of what is seen: resized, cropped, turned, cut and moved."""

from __future__ import annotations

import math

import cv2
import numpy as np

from imagesearch.edits.edit import Chance
from imagesearch.types import Pixels

WHITE = (255, 255, 255)


def resize(rgb: Pixels, factor: float, _chance: Chance) -> Pixels:
    """Return the picture with this share of its width and of its height."""
    height, width = rgb.shape[:2]
    size = max(1, round(width * factor)), max(1, round(height * factor))
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)


def crop(rgb: Pixels, share: float, _chance: Chance) -> Pixels:
    """Return the middle of the picture: this share of its width and of its height."""
    height, width = rgb.shape[:2]
    rows, columns = max(1, round(height * share)), max(1, round(width * share))
    top, left = (height - rows) // 2, (width - columns) // 2
    return rgb[top : top + rows, left : left + columns]


def rotate(rgb: Pixels, degrees: float, _chance: Chance) -> Pixels:
    """Return the whole picture turned counter-clockwise, on a white ground that is as large as it needs."""
    if degrees % 90 == 0:
        return np.rot90(rgb, int(degrees // 90))
    height, width = rgb.shape[:2]
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    wide = max(1, math.ceil(width * abs(cos) + height * abs(sin)))
    high = max(1, math.ceil(width * abs(sin) + height * abs(cos)))
    turn = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1.0)
    turn[:, 2] += (wide - width) / 2, (high - height) / 2
    return np.asarray(cv2.warpAffine(rgb, turn, (wide, high), flags=cv2.INTER_LINEAR, borderValue=WHITE), np.uint8)


def mirror(rgb: Pixels, cut: float, chance: Chance) -> Pixels:
    """Return the picture's middle, all but this share of each side, with left and right changed over."""
    return crop(rgb, 1 - cut, chance)[:, ::-1]


def perspective(rgb: Pixels, shift: float, chance: Chance) -> Pixels:
    """Return the picture as if seen from aside: each corner moved inwards by up to this share of a side, on white."""
    height, width = rgb.shape[:2]
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    inwards = np.array([(1, 1), (-1, 1), (-1, -1), (1, -1)], np.float32)
    # Two opposite corners move all the way: the edit is never much weaker than its strength says.
    ways = chance.uniform(0, 1, (4, 2)) * 0.5
    ways[[0, 2] if chance.integers(2) else [1, 3]] = 1
    moved = corners + (inwards * ways * shift * np.array([width, height])).astype(np.float32)
    seen = cv2.getPerspectiveTransform(corners, moved.astype(np.float32))
    return np.asarray(cv2.warpPerspective(rgb, seen, (width, height), flags=cv2.INTER_LINEAR, borderValue=WHITE), np.uint8)


def strips(rgb: Pixels, shift: float, chance: Chance) -> Pixels:
    """Return the picture cut into eight strips across, each moved sideways, around the edge, by up to this share of the width."""
    moved = [
        np.roll(strip, round(way * shift * rgb.shape[1]), axis=1)
        for strip, way in zip(np.array_split(rgb, 8), chance.uniform(-1, 1, 8), strict=True)
    ]
    return np.concatenate(moved)
