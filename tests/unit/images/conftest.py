"""Pictures to decode, made on the spot."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image

Encode = Callable[..., bytes]


@pytest.fixture
def encode() -> Encode:
    """Turn a picture into the bytes of a file of the given format."""

    def encoded(image: Image.Image, image_format: str, **options: Any) -> bytes:
        out = BytesIO()
        image.save(out, image_format, **options)
        return out.getvalue()

    return encoded


@pytest.fixture
def flag() -> Image.Image:
    """60 x 40 pixels: a red field top left, black top right, blue below."""
    pixels = np.zeros((40, 60, 3), np.uint8)
    pixels[:20, :30] = (255, 0, 0)
    pixels[20:] = (0, 0, 255)
    return Image.fromarray(pixels)
