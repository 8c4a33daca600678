"""The edited copies of one picture, made one after the other as they are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from imagesearch.edits.catalogue import EDITS
from imagesearch.types import Pixels

# Every edit at the strengths to report, in the order in which copies come.
REPORTED = tuple((edit.name, strength) for edit in EDITS.values() for strength in edit.report)


@dataclass(frozen=True, slots=True)
class Copies:
    """Iterates over uint8 (height, width, 3), as often as one likes; the same each time. Holds one copy at a time."""

    rgb: Pixels
    seed: int

    def __iter__(self) -> Iterator[Pixels]:
        return (EDITS[name](self.rgb, strength, self.seed) for name, strength in REPORTED)

    def __len__(self) -> int:
        return len(REPORTED)
