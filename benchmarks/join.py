"""Learns the shipped join of evidence, or says what it is worth: `python -m benchmarks.join learn|report FOLDER ...`.

The folders' pictures are halved, by folder and the first word of the file's name, so that variants of one drawing stay together.
`learn` writes imagesearch/join.json from the one half, edited at the strengths to learn from. `report` judges it by the other, at
the strengths to report, each half being a collection of its own; it prints a line an edit and writes results/join.json.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from config import load_settings
from imagesearch.images.features import Features, features_of
from imagesearch.images.hashes import perceptual_hash
from imagesearch.images.s3 import S3
from imagesearch.images.samples import rgb_of
from imagesearch.imports.request import SUFFIXES
from imagesearch.join import DEFAULT, load_join, written
from imagesearch.models.encoder import Encoder
from imagesearch.models.load import open_encoder
from imagesearch.types import Vector, Vectors
from jobs.learning.case import Case
from jobs.learning.fit import fitted
from jobs.learning.gather import LEARNED, REPORTED, Gatherer
from jobs.learning.pictures import Scored
from jobs.learning.worth import Judged, judged, worth

RESULTS = Path(__file__).parent / "results" / "join.json"
LONGEST_SIDE, SHORTEST_SIDE = 512, 24
# Pictures whose hashes differ in no more bits are one.
ONE_BITS = 12
PART = 16
# Neighbours that a copy is held against, to learn and to report; and near ones by hash, in how many bits they differ at most.
FEW, MANY = 10, 30
NEAR, HASH_BITS = 10, 64
WORST = 40


@dataclass(frozen=True, slots=True)
class Collection:
    """Implements jobs.learning.pictures.Pictures in memory, by place."""

    names: list[str]
    images: list[Image.Image]
    vectors: Vectors
    known: list[Features]
    hashes: list[int]

    def nearest(self, vector: Vector, count: int) -> Scored:
        """Compare with all."""
        return self._scored([int(one) for one in np.argsort(-(self.vectors @ vector))[:count]], vector)

    def near(self, perceptual_hash: int, vector: Vector) -> Scored:
        """Return what a search with the settings as they are would add."""
        bits = [(perceptual_hash ^ one).bit_count() for one in self.hashes]
        nearest = sorted(range(len(bits)), key=bits.__getitem__)[:NEAR]
        return self._scored([one for one in nearest if bits[one] <= HASH_BITS], vector)

    def features(self, picture: int) -> Features:
        """Return a picture's features."""
        return self.known[picture]

    def hash_of(self, picture: int) -> int:
        """Return its perceptual hash."""
        return self.hashes[picture]

    def _scored(self, places: list[int], vector: Vector) -> Scored:
        return [(one, float(self.vectors[one] @ vector)) for one in places]


def read(folders: Sequence[Path], half: int, encoder: Encoder) -> Collection:
    """Read one half of the pictures, no two of which look the same, and find out what is known of them."""
    names: list[str] = []
    images: list[Image.Image] = []
    hashes: list[int] = []
    for folder in folders:
        for path in sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES):
            name = f"{folder.name}/{path.relative_to(folder)}"
            if half_of(name) != half:
                continue
            try:
                image = rgb_of(Image.open(path))
            except UnidentifiedImageError:
                print(f"{name} is left out: not read by Pillow", file=sys.stderr)
                continue
            image.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
            bits = int(perceptual_hash(image), 16)
            if min(image.size) >= SHORTEST_SIDE and all((bits ^ one).bit_count() > ONE_BITS for one in hashes):
                names.append(name)
                images.append(image)
                hashes.append(bits)
    vectors = [
        encoder.encode(np.stack([encoder.prepare(one) for one in images[start : start + PART]]))
        for start in range(0, len(images), PART)
    ]
    return Collection(names, images, np.concatenate(vectors), [features_of(one) for one in images], hashes)


def half_of(name: str) -> int:
    """Return 0 or 1, the same for pictures of one folder whose names begin with the same word."""
    folder, _, file = name.rpartition("/")
    (word, *_) = re.split("[^a-z]", file.lower())
    return hashlib.sha256(f"{folder}/{word}".encode()).digest()[0] % 2


def gathered(collection: Collection, encoder: Encoder, count: int, *, learn: bool) -> Iterator[Case]:
    """Yield the cases of `count` pictures of each folder, drawn by chance, against the whole collection."""
    gatherer = Gatherer(collection, encoder, LEARNED if learn else REPORTED, FEW if learn else MANY)
    drawn = list(range(len(collection.names)))
    random.Random(1).shuffle(drawn)
    of_folder: Counter[str] = Counter()
    for one in drawn:
        folder = collection.names[one].split("/")[0]
        of_folder[folder] += 1
        if of_folder[folder] > count:
            continue
        rgb = np.asarray(collection.images[one])
        yield from gatherer.cases(one, rgb, one)
        if learn:
            yield from gatherer.scenes(one, rgb)
        print(collection.names[one], file=sys.stderr, flush=True)


def report(found: Sequence[Judged], names: Sequence[str], apart: str | None, about: dict[str, str | int]) -> None:
    """Print a line for all and for each edit, and write them with the worst cases."""
    parts: dict[str, dict[str, list[Judged]]] = defaultdict(lambda: defaultdict(list))
    for one in found:
        named = apart is not None and names[one.case.query].startswith(apart)
        for part in ("all", apart if named else f"all but {apart}") if apart else ("all",):
            for name in ("all edits", f"{one.case.edit} {one.case.strength:g}"):
                parts[part][name].append(one)
    figures = {part: {name: asdict(worth(some)) for name, some in edits.items()} for part, edits in parts.items()}
    for part, edits in figures.items():
        for name, line in edits.items():
            print(f"{part}: {name:22}", "  ".join(f"{column} {value:.4g}" for column, value in line.items()), flush=True)
    wrong = sorted((one for one in found if one.called != one.true), key=lambda one: -abs(one.copy - one.true))
    first: dict[tuple[int, str, bool], Judged] = {}
    for one in wrong:
        # A variant is another matter, and counted.
        if not one.case.variant:
            first.setdefault((one.case.query, one.case.edit, one.true), one)
    cases = [
        {
            "picture": names[one.case.query],
            "edit": f"{one.case.edit} {one.case.strength:g}",
            "held_against": names[one.case.target],
            "absent": one.case.absent,
            "copy": round(one.copy, 4),
            "evidence": asdict(one.case.evidence),
        }
        for one in first.values()
    ]
    RESULTS.write_text(json.dumps({**about, "figures": figures, "worst": cases[:WORST]}, indent=1) + "\n", encoding="utf-8")


def main() -> int:
    """Learn or report."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.join", description=__doc__)
    parser.add_argument("what", choices=["learn", "report"])
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--pictures", type=int, default=150, help="to edit, of each folder")
    parser.add_argument("--apart", metavar="PREFIX", help="report pictures whose names (FOLDER/...) begin so apart, too")
    args = parser.parse_args()
    learn = args.what == "learn"
    settings = load_settings()
    encoder = open_encoder(settings.model, S3(settings.s3))
    collection = read(args.folders, 0 if learn else 1, encoder)
    cases = list(gathered(collection, encoder, args.pictures, learn=learn))
    if learn:
        DEFAULT.write_text(written(fitted(cases)), encoding="utf-8")
        return 0
    apart = f" --apart {args.apart}" if args.apart else ""
    about: dict[str, str | int] = {
        "command": f"python -m benchmarks.join report FOLDER ... --pictures {args.pictures}{apart}",
        "folders": ", ".join("/".join(folder.parts[-2:]) for folder in args.folders),
        "model": str(encoder.fingerprint),
        "collection": len(collection.names),
        "pictures": len({case.query for case in cases}),
    }
    report(judged(load_join(), cases), collection.names, args.apart, about)
    return 0


if __name__ == "__main__":
    sys.exit(main())
