"""From a decoded picture to the square of pixels that a model takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from PIL import Image

from imagesearch.types import Pixels

# Pillow shrinks by whole numbers first and resamples only the rest: indistinguishable from the full filter at 3, several times
# faster on large pictures, and the intermediate picture stays small for one that is 1 pixel wide and millions high.
REDUCING_GAP = 3.0

Mode = Literal["crop", "squash"]


@dataclass(frozen=True, slots=True)
class Preprocess:
    """How a picture becomes model input. `crop`: the centre square, `fraction` of the shorter side; `squash`: all of it.

    Query and index must use the same one, so its text is a part of the model's fingerprint. Mean and standard deviation
    belong to the backbone, which normalises on its device.
    """

    input_size: int
    mode: Mode = "crop"
    fraction: float = 1.0
    interpolation: Image.Resampling = Image.Resampling.BICUBIC

    def __str__(self) -> str:
        area = f"crop{self.fraction:.4g}" if self.mode == "crop" else "squash"
        return f"{area}-{self.input_size}-{self.interpolation.name.lower()}"

    @property
    def at_least(self) -> int:
        """Pixels that a decoder must keep on the shorter side; twice the input, so that a coarse decode does not show."""
        return 2 * self.input_size

    def __call__(self, rgb: Image.Image) -> Pixels:
        """Map a picture of mode RGB and any size, 1x1 included, to uint8 (input_size, input_size, 3)."""
        size = (self.input_size, self.input_size)
        return np.asarray(rgb.resize(size, self.interpolation, self._box(*rgb.size), REDUCING_GAP))

    def _box(self, width: int, height: int) -> tuple[float, float, float, float]:
        # In source coordinates: resizing first and cropping then would make a 20000x2 picture millions of pixels wide.
        if self.mode == "squash":
            return 0, 0, width, height
        side = min(width, height) * self.fraction
        left, top = (width - side) / 2, (height - side) / 2
        return left, top, left + side, top + side
