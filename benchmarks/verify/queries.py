"""Pictures to load, and pictures to search by: copies of some of them, and others that are not there."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.photographs import jpeg
from benchmarks.pictures import below, photographs
from imagesearch.edits.catalogue import EDITS
from imagesearch.images.samples import rgb_of

SIZE, LONGEST_SIDE, QUALITY = (640, 480), 800, 90
# Recompressed copies are what `auto` takes for clear; the others and strangers it looks at.
COPIES: dict[str, tuple[str, float]] = {
    "recompressed": ("jpeg", 50),
    "cropped": ("crop", 0.7),
    "turned": ("rotate", 15),
    "mirrored": ("mirror", 0.0),
    "captioned": ("overlay text", 0.2),
}
STRANGER = "not there"


@dataclass(frozen=True, slots=True)
class Query:
    """A picture to search by: of which `kind`, and the file that it was made of, None where that is not loaded."""

    kind: str
    data: bytes
    of: Path | None


def pictures(target: Path, folder: Path | None, count: int) -> list[Path]:
    """Return so many JPEGs: of what lies below the folder, else of photographs that packages carry."""
    if folder is None:
        return photographs(target, count, SIZE)
    found = below(folder)
    random.Random(1).shuffle(found)
    paths = []
    for number, path in enumerate(found[:count]):
        image = rgb_of(Image.open(path))
        image.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
        paths.append(target / f"{number:06d}.jpg")
        paths[-1].write_bytes(jpeg(image, QUALITY))
    return paths


def queries(loaded: Sequence[Path], strangers: Sequence[Path]) -> list[Query]:
    """Return one of each kind in turn, as many as there are strangers of each."""
    made = []
    for number, stranger in enumerate(strangers):
        for place, (kind, (edit, strength)) in enumerate(COPIES.items()):
            path = loaded[(number * len(COPIES) + place) % len(loaded)]
            copy = EDITS[edit](np.asarray(Image.open(path).convert("RGB")), strength, number)
            made.append(Query(kind, jpeg(Image.fromarray(copy), QUALITY), path))
        made.append(Query(STRANGER, stranger.read_bytes(), None))
    return made
