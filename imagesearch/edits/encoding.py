"""Files that lose something: the picture is written and read back."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from PIL import Image

from imagesearch.edits.edit import Chance
from imagesearch.types import Pixels

# The longest side that a WebP can have; JPEG's is longer.
LONGEST = 16_383


def jpeg(rgb: Pixels, quality: float, _chance: Chance) -> Pixels:
    """Return what a JPEG of this quality, 1 to 95, holds of the picture."""
    return _through(rgb, "JPEG", int(quality))


def webp(rgb: Pixels, quality: float, _chance: Chance) -> Pixels:
    """Return what a lossy WebP of this quality, 0 to 100, holds of the picture."""
    return _through(rgb, "WEBP", int(quality))


def _through(rgb: Pixels, kind: str, quality: int) -> Pixels:
    picture = Image.fromarray(rgb)
    if max(picture.size) > LONGEST:
        picture.thumbnail((LONGEST, LONGEST))
    file = BytesIO()
    picture.save(file, kind, quality=quality)
    return np.asarray(Image.open(file).convert("RGB"))
