"""The query's own picture, its mirror image, and the three ways to turn it."""

from __future__ import annotations

import numpy as np

from imagesearch.types import PixelBatch, Pixels

VIEWS = ("original", "mirrored", "rotated_90", "rotated_180", "rotated_270")
"""What was done to the query, turned clockwise by so many degrees."""


def flipped(pixels: Pixels) -> PixelBatch:
    """Return the views of a prepared picture, in the order of VIEWS: a square is turned as well after its preparation as before."""
    turned = [np.rot90(pixels, -quarters) for quarters in (1, 2, 3)]
    return np.stack([pixels, np.fliplr(pixels), *turned])
