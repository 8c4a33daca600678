"""What an edit is: a name, a function, and the strengths that it is reported and learned at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from imagesearch.types import Pixels

Chance = np.random.Generator
Change = Callable[[Pixels, float, Chance], Pixels]


@dataclass(frozen=True, slots=True)
class Edit:
    """A way in which pictures are changed. `unit` says what its strength measures.

    No strength is among both `report` and `learn`: what learned from edits is not judged by the same ones.
    """

    name: str
    unit: str
    report: tuple[float, float, float]
    learn: tuple[float, float, float]
    change: Change

    def __call__(self, rgb: Pixels, strength: float, seed: int) -> Pixels:
        """Return an edited copy, uint8 (height, width, 3), of RGB pixels of any size; its size may be another.

        The same arguments give the same pixels. Raises ValueError for anything but uint8 (height, width, 3) of at least one pixel.
        """
        if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3 or not rgb.size:
            raise ValueError(f"not uint8 RGB pixels: {rgb.dtype} {rgb.shape}")
        return np.ascontiguousarray(self.change(rgb, strength, np.random.default_rng(seed)))
