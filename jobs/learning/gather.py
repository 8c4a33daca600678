"""Holds the edited copies of one picture against its neighbours, as a search that verifies does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from imagesearch.edits.catalogue import EDITS
from imagesearch.images.features import Features, features_of
from imagesearch.images.hashes import SAME_BITS, perceptual_hash
from imagesearch.images.misfit import misfit
from imagesearch.images.overlap import LEAST_AGREEMENT, Overlap, overlap
from imagesearch.join import Evidence
from imagesearch.models.encoder import Encoder
from imagesearch.types import Pixels, Vector
from jobs.learning.case import Case, margin_at
from jobs.learning.pictures import Pictures, Scored

# What leaves a picture the same; every other edit makes another file of it.
EXACT = frozenset({"jpeg", "webp", "resize"})
# Two originals that are near by any signal may be variants of one drawing.
ALIKE_BITS, ALIKE_AGREEMENT, ALIKE_INLIERS = 2 * SAME_BITS, 0.6, 12
# Neighbours beyond those that are looked at: without its original a search sees one further, and one for each variant of that.
SPARE = 3
# Two cuts of one picture, of which neither holds the other, (left, top, right, bottom) in fractions: what is learned as one scene.
CUTS = (
    ((0.0, 0.0, 0.6, 0.6), (0.4, 0.32, 1.0, 0.92)),
    ((0.0, 0.35, 0.65, 1.0), (0.35, 0.0, 1.0, 0.65)),
    ((0.0, 0.22, 0.55, 0.77), (0.36, 0.22, 0.91, 0.77)),
    ((0.06, 0.0, 0.76, 0.7), (0.24, 0.3, 0.94, 1.0)),
    ((0.2, 0.0, 0.8, 0.6), (0.12, 0.4, 0.72, 1.0)),
)
# Cuts are held against each other, not searched for: once as one that is not ahead, once as one that is.
CUT_MARGINS = (-0.02, 0.05)

Made = tuple[str, float]
"""The name of an edit, and its strength."""
Held = tuple[Overlap, float]
"""What a copy has in common with a picture, and its misfit there."""

LEARNED: tuple[Made, ...] = tuple((edit.name, strength) for edit in EDITS.values() for strength in edit.learn)
REPORTED: tuple[Made, ...] = tuple((edit.name, strength) for edit in EDITS.values() for strength in edit.report)


@dataclass(frozen=True, slots=True)
class Copy:
    """An edited copy as it is held against others."""

    made: Made
    vector: Vector
    features: Features
    bits: int


class Gatherer:
    """Makes cases of pictures; what it knows of two originals, whether they are variants, it keeps for the picture at hand."""

    def __init__(self, pictures: Pictures, encoder: Encoder, edits: Sequence[Made], neighbours: int) -> None:
        self._pictures = pictures
        self._encoder = encoder
        self._edits = edits
        self._neighbours = neighbours

    def cases(self, query: int, rgb: Pixels, seed: int) -> Iterator[Case]:
        """Yield what each copy of the picture is to its neighbours, with the picture in the collection and without.

        Pictures that cannot be read are left out. Raises StoreError, EmbeddingFailed.
        """
        original = features_of(Image.fromarray(rgb))
        variants: dict[int, bool] = {query: False}
        for copy in self._copies(rgb, seed):
            ranked = self._pictures.nearest(copy.vector, self._neighbours + SPARE)
            here = ranked[: self._neighbours]
            met = {one for one, _ in here}
            near = [(one, score) for one, score in self._pictures.near(copy.bits, copy.vector) if one not in met]
            held: dict[int, Held] = {}
            for one in [one for one, _ in [*ranked, *near]]:
                theirs = self._pictures.features(one)
                if theirs is not None and one not in held:
                    if one not in variants:
                        variants[one] = self._alike(query, original, one, theirs)
                    found = overlap(copy.features, theirs)
                    held[one] = found, misfit(copy.features, theirs, found.way)
            yield from self._held(query, copy, here, near, held, variants, absent=False)
            # Who is far ahead there is no copy either.
            without, near_without = (
                [(one, score) for one, score in some if one != query and not variants.get(one, True)] for some in (ranked, near)
            )
            yield from self._held(query, copy, without[: self._neighbours], near_without, held, variants, absent=True)

    def scenes(self, query: int, rgb: Pixels) -> Iterator[Case]:
        """Yield cuts of the picture held against each other, where they are seen to have something in common."""
        height, width = rgb.shape[:2]
        for pair in CUTS:
            cuts = []
            for left, top, right, bottom in pair:
                cut = rgb[round(top * height) : round(bottom * height), round(left * width) : round(right * width)]
                cuts.append(Image.fromarray(np.ascontiguousarray(cut)))
            found = overlap(features_of(cuts[0]), features_of(cuts[1]))
            if found.agreement < LEAST_AGREEMENT:
                continue
            here, there = self._encoder.encode(np.stack([self._encoder.prepare(one) for one in cuts]))
            first, second = (int(perceptual_hash(one), 16) for one in cuts)
            for margin in CUT_MARGINS:
                evidence = Evidence.of(found, float(here @ there), margin, (first ^ second).bit_count())
                yield Case(query, "cut", 0.0, query, "same_scene", 0, False, False, False, evidence)

    def _copies(self, rgb: Pixels, seed: int) -> Iterator[Copy]:
        prepared, seen = [], []
        for name, strength in self._edits:
            image = Image.fromarray(EDITS[name](rgb, strength, seed))
            prepared.append(self._encoder.prepare(image))
            seen.append((features_of(image), int(perceptual_hash(image), 16)))
        vectors = self._encoder.encode(np.stack(prepared))
        for made, vector, (features, bits) in zip(self._edits, vectors, seen, strict=True):
            yield Copy(made, vector, features, bits)

    def _held(
        self,
        query: int,
        copy: Copy,
        ranked: Scored,
        near: Scored,
        held: dict[int, Held],
        variants: dict[int, bool],
        *,
        absent: bool,
    ) -> Iterator[Case]:
        for place, (one, score) in enumerate([*ranked, *near]):
            if one not in held:
                continue
            found, unlike = held[one]
            hamming = (copy.bits ^ self._pictures.hash_of(one)).bit_count()
            kind = "similar" if one != query else "exact" if copy.made[0] in EXACT else "edited"
            evidence = Evidence.of(found, score, margin_at(place, score, ranked), hamming)
            by_hash = place >= len(ranked)
            yield Case(query, *copy.made, one, kind, place, by_hash, absent, variants[one], evidence, unlike)

    def _alike(self, query: int, original: Features, other: int, theirs: Features) -> bool:
        if (self._pictures.hash_of(query) ^ self._pictures.hash_of(other)).bit_count() <= ALIKE_BITS:
            return True
        found = overlap(original, theirs)
        return found.agreement > ALIKE_AGREEMENT or found.inliers >= ALIKE_INLIERS
