"""A small WebP of a picture, for tables of hits."""

from __future__ import annotations

from io import BytesIO

from PIL.Image import Resampling

from config.sections import ImageSettings
from imagesearch.images.decode import decode

QUALITY = 80


def thumbnail(data: bytes, limits: ImageSettings, size: int) -> bytes:
    """Return a WebP whose longest side is at most `size` pixels (1 to 16383, WebP's own limit), without any metadata.

    A smaller picture keeps its size. Raises what decode raises.
    """
    rgb = decode(data, limits, at_least=size).rgb
    rgb.thumbnail((size, size), Resampling.LANCZOS)
    out = BytesIO()
    rgb.save(out, "WEBP", quality=QUALITY)
    return out.getvalue()
