"""The two hashes of a picture: of its bytes, exact, and of its looks, near for near pictures."""

from __future__ import annotations

import hashlib

import imagehash
from PIL import Image

HASH_SIDE = 16
"""The perceptual hash has HASH_SIDE squared bits."""

# The hash looks at 64 x 64 samples: averaging down to no less than four times that first is cheap and changes nothing visible.
ENOUGH_SIDE = 256


def content_hash(data: bytes) -> str:
    """Return the SHA-256 of the bytes in 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def perceptual_hash(rgb: Image.Image) -> str:
    """Return the 256-bit DCT hash in 64 hexadecimal digits; the Hamming distance of two is small for pictures that look alike."""
    steps = max(1, rgb.width // ENOUGH_SIDE), max(1, rgb.height // ENOUGH_SIDE)
    return str(imagehash.phash(rgb.reduce(steps), hash_size=HASH_SIDE))
