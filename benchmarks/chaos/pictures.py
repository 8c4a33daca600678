"""Pictures by number, each like no other, and files that are none; the same number is the same bytes in every run."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

SIDE = 48
BAD = ("not_an_image", "truncated_image", "empty_image", "source_not_found")
"""What is wrong with a bad picture, by the code that its row must end with."""


def picture(number: int) -> bytes:
    """Return a PNG of eight by eight coloured squares."""
    colours = np.random.default_rng(number).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(colours).resize((SIDE, SIDE), Image.Resampling.NEAREST).save(out, "PNG")
    return out.getvalue()


def bad_picture(number: int, code: str) -> bytes | None:
    """Return the bytes of a file that must fail with this code; None where there must be no file."""
    if code == "source_not_found":
        return None
    if code == "empty_image":
        return b""
    if code == "truncated_image":
        whole = picture(number)
        return whole[: len(whole) // 2]
    return b"no picture, but number %d" % number
