"""Whether a runtime makes the vectors that PyTorch makes on the CPU in float32, judged by a few fixed pictures."""

from __future__ import annotations

import numpy as np

from imagesearch.errors import RuntimeMismatch
from imagesearch.ports import Backbone
from imagesearch.types import PixelBatch, Vectors

# What float noise leaves of a picture's cosine with itself; below it, query and index of two runtimes would not be comparable.
LEAST_COSINE = 0.9999


def pictures(size: int) -> PixelBatch:
    """Return four made pictures (4, size, size, 3): slopes, stripes, rings, noise. By integers alone: the same on every machine."""
    y, x, channel = np.meshgrid(np.arange(size), np.arange(size), np.arange(3), indexing="ij")
    slopes = (x * (3 - channel) + y * (channel + 1)) * 255 // (4 * size)
    stripes = ((x // (2 + 7 * channel) + y // 11) % 2) * (255 - 60 * channel)
    rings = ((2 * x - size) ** 2 + (2 * y - size) ** 2) * (channel + 2) // size % 256
    noise = (x * 73856093 ^ y * 19349663 ^ channel * 83492791) // 61 % 256
    return np.stack([slopes, stripes, rings, noise]).astype(np.uint8)


def check(backbone: Backbone, size: int, reference: Vectors, runtime: str) -> None:
    """Raise RuntimeMismatch unless the backbone's features of the pictures have the direction of the reference's."""
    features = backbone.forward(pictures(size))
    cosine = least_cosine(features, reference) if features.shape == reference.shape else 0.0
    # Written so that NaN is refused.
    if not cosine >= LEAST_COSINE:
        raise RuntimeMismatch(
            f"runtime {runtime} on {backbone.device} gives vectors of cosine {cosine:.6f} to the reference's, "
            f"and {LEAST_COSINE} is needed for them to be comparable; set model.runtime to torch, model.precision to float32",
            cosine=cosine,
        )


def least_cosine(some: Vectors, others: Vectors) -> float:
    """Return the smallest cosine of two vectors in the same row; NaN where one of them is zero or not finite."""
    a, b = some.astype(np.float64), others.astype(np.float64)
    with np.errstate(invalid="ignore", over="ignore"):
        cosines = (a * b).sum(axis=1) / (np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1))
    return float(cosines.min())
