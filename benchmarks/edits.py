"""The edits that a picture goes through on its way around the world, and after which it has to be found again."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

from PIL import Image

Edit = Callable[[Image.Image], bytes]


def poor_jpeg(rgb: Image.Image) -> bytes:
    """Return a picture of mode RGB as a JPEG of quality 50."""
    return _file(rgb, "JPEG", quality=50)


def half_size(rgb: Image.Image) -> bytes:
    """Return it with half the width and half the height, 1 pixel at least, as PNG."""
    return _file(rgb.resize((max(1, rgb.width // 2), max(1, rgb.height // 2)), Image.Resampling.LANCZOS), "PNG")


def centre_crop(rgb: Image.Image) -> bytes:
    """Return the middle nine tenths of its width and of its height, as PNG."""
    left, top = round(rgb.width / 20), round(rgb.height / 20)
    return _file(rgb.crop((left, top, rgb.width - left, rgb.height - top)), "PNG")


EDITS: dict[str, Edit] = {"JPEG quality 50": poor_jpeg, "half size": half_size, "centre crop 90 %": centre_crop}


def _file(image: Image.Image, image_format: str, **options: int) -> bytes:
    out = BytesIO()
    image.save(out, image_format, **options)
    return out.getvalue()
