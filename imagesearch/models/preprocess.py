"""From a decoded picture to the square of pixels that a model takes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from PIL import Image

from imagesearch.images.orientation import Area
from imagesearch.types import Pixels

# Pillow shrinks by whole numbers first and resamples only the rest: indistinguishable from the full filter at 3, several times
# faster on large pictures, and the intermediate picture stays small for one that is 1 pixel wide and millions high.
REDUCING_GAP = 3.0

# Pixels that a coarse decode must leave for each of the input, on the shorter side. At 1.5 the vectors of photographs may fall to a
# cosine of 0.984 with those of a full decode, from here on they stay above 0.99: benchmarks/results/draft.json.
LEAST_DECODED = 1.6

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
        """Pixels that a decoder must keep on the shorter side, so that a coarse decode does not show."""
        return math.ceil(LEAST_DECODED * self.input_size / (self.fraction if self.mode == "crop" else 1))

    def __call__(self, rgb: Image.Image, area: Area | None = None) -> Pixels:
        """Map a picture of mode RGB and any size, 1x1 included, to uint8 (input_size, input_size, 3); of `area` only, if given."""
        size = (self.input_size, self.input_size)
        box = self._box(area or (0.0, 0.0, float(rgb.width), float(rgb.height)))
        return np.asarray(rgb.resize(size, self.interpolation, box, REDUCING_GAP))

    def _box(self, area: Area) -> Area:
        # In source coordinates: resizing first and cropping then would make a 20000x2 picture millions of pixels wide.
        if self.mode == "squash":
            return area
        left, top, right, bottom = area
        side = min(right - left, bottom - top) * self.fraction
        left, top = (left + right - side) / 2, (top + bottom - side) / 2
        return left, top, left + side, top + side
