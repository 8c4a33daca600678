"""Learns the shipped join of evidence, or says what it is worth: `python -m benchmarks.join learn|report FOLDER ...`.

Pictures of the folders are edited (benchmarks.copies), embedded in this process and held against their nearest neighbours, as a
search with `verify` does. `learn` writes imagesearch/join.json; `report` prints recall@1 by edit, on other edits and, best, other
pictures. Pictures that are near to each other before any edit are not held against each other.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from sklearn.linear_model import LogisticRegression

from benchmarks import copies
from benchmarks.copies import Copy
from config import load_settings
from imagesearch.images.features import Features, features_of
from imagesearch.images.hashes import perceptual_hash
from imagesearch.images.overlap import LEAST_AGREEMENT, overlap
from imagesearch.images.s3 import S3
from imagesearch.images.samples import rgb_of
from imagesearch.imports.request import SUFFIXES
from imagesearch.join import CLASSES, DEFAULT, FEATURES, Evidence, Join, load_join, rows_of
from imagesearch.models.encoder import Encoder
from imagesearch.models.load import open_encoder
from imagesearch.types import Vectors
from serve_app.verification import LIKELY

LONGEST_SIDE, SHORTEST_SIDE = 800, 24
# Pictures whose hashes differ in fewer bits are taken for the same.
SAME_BITS = 12
PART = 16
# Two originals that are near by any signal may be variants of one drawing: whether one is a copy of the other nobody can say.
ALIKE_BITS, ALIKE_AGREEMENT, ALIKE_INLIERS = 48, 0.6, 12
# Neighbours that a copy is held against.
LEARNED, REPORTED = 6, 30
# Pictures near by hash that it is held against beside these, and in how many bits they differ at most.
NEAR, HASH_BITS = 10, 64


@dataclass(frozen=True, slots=True)
class Known:
    """The pictures and what is known of each."""

    images: list[Image.Image]
    vectors: Vectors
    features: list[Features]
    hashes: list[int]


@dataclass(frozen=True, slots=True)
class Case:
    """A picture held against a copy of picture `query`; `rank` among its neighbours; `kind`: one of CLASSES, as it truly is.

    `by_hash`: it is no neighbour, its perceptual hash led to it.
    """

    query: int
    rank: int
    kind: str
    evidence: Evidence
    by_hash: bool = False


def read(folders: Sequence[Path], most: int) -> list[Image.Image]:
    """Return up to `most` pictures of each folder, no two of which look the same."""
    images: list[Image.Image] = []
    hashes: list[int] = []
    for folder in folders:
        paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
        random.Random(1).shuffle(paths)
        for path in paths[:most]:
            image = rgb_of(Image.open(path))
            image.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
            bits = int(perceptual_hash(image), 16)
            if min(image.size) >= SHORTEST_SIDE and all((bits ^ one).bit_count() > SAME_BITS for one in hashes):
                images.append(image)
                hashes.append(bits)
    return images


def embedded(encoder: Encoder, images: Sequence[Image.Image]) -> Vectors:
    """Return the vectors of pictures, as a load makes them."""
    parts = []
    for start in range(0, len(images), PART):
        part = images[start : start + PART]
        parts.append(encoder.encode(np.stack([encoder.prepare(one, (0.0, 0.0, *map(float, one.size))) for one in part])))
    return np.concatenate(parts)


def known(encoder: Encoder, images: list[Image.Image]) -> Known:
    """Embed the pictures, and find their features."""
    hashes = [int(perceptual_hash(one), 16) for one in images]
    return Known(images, embedded(encoder, images), [features_of(one) for one in images], hashes)


def cases(encoder: Encoder, pictures: Known, copy: Copy, kind: str, neighbours: int, near: int = 0) -> Iterator[Case]:
    """Hold a copy of each picture against the nearest ones, and up to `near` that are near by hash, as a search does."""
    # Each query is also asked of a collection that lacks its original: who is far ahead there is no copy either.
    made = [copy(one) for one in pictures.images]
    scores = embedded(encoder, made) @ pictures.vectors.T
    for query, image in enumerate(made):
        features, bits = features_of(image), int(perceptual_hash(image), 16)
        order = np.argsort(-scores[query])
        alikes = sorted((bits ^ one).bit_count() for one in pictures.hashes)
        farthest = min(alikes[min(near, len(alikes)) - 1], HASH_BITS) if near else -1
        for rank, one in enumerate(order):
            by_hash = rank >= neighbours
            if by_hash and (bits ^ pictures.hashes[one]).bit_count() > farthest:
                continue
            if one != query and alike(pictures, query, int(one)):
                continue
            found = overlap(features, pictures.features[one])
            score = float(scores[query, one])
            margin = score - float(scores[query, order[1 if rank == 0 else 0]])
            hamming = (bits ^ pictures.hashes[one]).bit_count()
            parts = found.inliers, found.pairs, found.agreement, found.query, found.target, found.mirrored
            yield Case(query, rank, kind if one == query else "similar", Evidence(score, margin, hamming, *parts), by_hash)
            if by_hash:
                continue
            others = [other for other in order if other != query]
            if one != query and one != order[0]:
                best = others[1] if one == others[0] else others[0]
                yield Case(query, rank, "similar", Evidence(score, score - float(scores[query, best]), hamming, *parts))


def alike(pictures: Known, one: int, other: int) -> bool:
    """Say whether two originals are so near that they are left out of each other's neighbours."""
    if (pictures.hashes[one] ^ pictures.hashes[other]).bit_count() <= ALIKE_BITS:
        return True
    found = overlap(pictures.features[one], pictures.features[other])
    return found.agreement > ALIKE_AGREEMENT or found.inliers >= ALIKE_INLIERS


def scenes(encoder: Encoder, images: Sequence[Image.Image]) -> Iterator[Case]:
    """Hold cuts of one picture against each other, where they are seen to have something in common."""
    for query, image in enumerate(images):
        for first, second in copies.CUTS:
            one, other = first(image), second(image)
            found = overlap(features_of(one), features_of(other))
            if found.agreement < LEAST_AGREEMENT:
                continue
            here, there = embedded(encoder, [one, other])
            hamming = (int(perceptual_hash(one), 16) ^ int(perceptual_hash(other), 16)).bit_count()
            parts = found.inliers, found.pairs, found.agreement, found.query, found.target, found.mirrored
            for margin in (-0.02, 0.05):
                yield Case(query, 0, "same_scene", Evidence(float(here @ there), margin, hamming, *parts))


def learned(examples: Sequence[Case]) -> dict[str, object]:
    """Fit the join; its weights are for the numbers as they are, not standardised."""
    rows: NDArray[np.float64] = rows_of([case.evidence for case in examples])
    middle, spread = rows.mean(axis=0), rows.std(axis=0) + 1e-9
    kinds = [CLASSES.index(case.kind) for case in examples]
    model = LogisticRegression(C=3, max_iter=5000).fit((rows - middle) / spread, kinds)
    weights = model.coef_ / spread
    bias = model.intercept_ - weights @ middle
    return {
        "version": 1,
        "features": list(FEATURES),
        "classes": list(CLASSES),
        "weights": weights.round(4).tolist(),
        "bias": bias.round(4).tolist(),
    }


def told(join: Join, name: str, found: Sequence[Case]) -> tuple[list[float], list[bool]]:
    """Print one edit's line; return each case's probability of being a copy, and whether it is one."""
    verdicts = join.verdicts([case.evidence for case in found])
    by_query: dict[int, list[int]] = {}
    for place, case in enumerate(found):
        by_query.setdefault(case.query, []).append(place)
    true = [case.kind != "similar" for case in found]
    first = [not case.by_hash for case in found]
    likely = [not case.by_hash or verdict.copy >= LIKELY for case, verdict in zip(found, verdicts, strict=True)]
    called = [verdict.kind in ("exact", "edited") for verdict in verdicts]
    everything = list(by_query.values())
    queries = [[one for one in places if first[one]] for places in everything]
    shown = [[one for one in places if likely[one]] for places in everything]
    figures = {
        "embedding": np.mean([true[places[0]] for places in queries]),
        "hash": np.mean([true[min(places, key=lambda one: found[one].evidence.hamming)] for places in queries]),
        "inliers": np.mean([true[max(places, key=lambda one: found[one].evidence.inliers)] for places in queries]),
        "joined": np.mean([true[max(places, key=lambda one: verdicts[one].copy)] for places in queries]),
        "joined, and by hash": np.mean([true[max(places, key=lambda one: verdicts[one].copy)] for places in shown]),
        "reachable": np.mean([any(true[one] for one in places) for places in queries]),
        "and by hash": np.mean([any(true[one] for one in places) for places in everything]),
        "called copies": np.mean([called[one] for one in range(len(found)) if true[one]]),
        "others called copies": np.mean([called[one] for one in range(len(found)) if not true[one] and found[one].rank < 10]),
        "by hash, a query": sum(called[one] and not true[one] and not first[one] for one in range(len(found))) / len(everything),
    }
    print(f"{name:22}", "  ".join(f"{column} {value:.4f}" for column, value in figures.items()), flush=True)
    return [verdict.copy for verdict in verdicts], true


def calibration_error(shares: Sequence[float], true: Sequence[bool]) -> float:
    """Return the expected calibration error over ten equal bins."""
    probabilities, truth = np.asarray(shares), np.asarray(true)
    bins = np.minimum((10 * probabilities).astype(int), 9)
    return float(sum((bins == one).mean() * abs((probabilities - truth)[bins == one].mean()) for one in np.unique(bins)))


def main() -> int:
    """Learn or report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["learn", "report"])
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--most", type=int, default=130, help="pictures of each folder")
    args = parser.parse_args()
    settings = load_settings()
    encoder = open_encoder(settings.model, S3(settings.s3))
    pictures = known(encoder, read(args.folders, args.most))
    print(f"{len(pictures.images)} pictures", flush=True)
    if args.what == "learn":
        sets = {"exact": copies.LEARNED_EXACT, "edited": copies.LEARNED_EDITED}
        every = [(kind, edit) for kind, edits in sets.items() for edit in edits.values()]
        examples = [case for kind, edit in every for case in cases(encoder, pictures, edit, kind, LEARNED)]
        examples += scenes(encoder, pictures.images)
        DEFAULT.write_text(json.dumps(learned(examples), indent=1) + "\n")
        return 0
    join = load_join()
    shares: list[float] = []
    true: list[bool] = []
    for kind, edits in {"exact": copies.REPORTED_EXACT, "edited": copies.REPORTED_EDITED}.items():
        for name, edit in edits.items():
            some = told(join, name, list(cases(encoder, pictures, edit, kind, REPORTED, NEAR)))
            shares += some[0]
            true += some[1]
    print(f"expected calibration error of copies: {calibration_error(shares, true):.4f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
