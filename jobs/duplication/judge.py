"""Holds stored pictures against each other: how likely one is a copy of the other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from config.sections import ImageSettings
from imagesearch.images.difference import difference, map_of
from imagesearch.images.hashes import SAME_BITS
from imagesearch.images.overlap import overlap
from imagesearch.join import Evidence, Join
from imagesearch.pairs import Pair
from imagesearch.ports import SourceReader
from imagesearch.types import CatalogEntry
from jobs.duplication.keep import keep_order
from jobs.duplication.looks import Look, Looks

# Variants of one drawing, another letter on it or another colour, differ in more than this at one place; three of four copies that
# were recompressed, resized, cropped or toned do in less, and none that was written on.
SAME_LOOK = 0.08
# Letters, coins and notes have few features, which agree by chance; so many do not, where they are most of all.
ENOUGH_INLIERS, ENOUGH_SHARE = 30, 0.5
# At most so likely a copy is what differs somewhere, or has too little to tell by.
DOUBTFUL = 0.6


@dataclass(frozen=True, slots=True)
class Likeness:
    """Two pictures with what is known of them without looking at either: the cosine of their vectors, in [-1, 1]."""

    one: CatalogEntry
    other: CatalogEntry
    cosine: float


class Judge:
    """Judges each pair by itself: what else is near counts for nothing, so that the same two are always judged the same."""

    def __init__(self, sources: SourceReader, limits: ImageSettings, join: Join) -> None:
        self._join = join
        self._looks = Looks(sources, limits)

    @property
    def unread(self) -> int:
        """How many times a picture could not be read."""
        return self._looks.unread

    def pairs(self, asked: Iterable[Likeness]) -> list[Pair]:
        """Return a pair for each, in order; those of which a picture cannot be read are left out. Raises StoreError."""
        ids: list[tuple[int, int]] = []
        found: list[tuple[Evidence, bool]] = []
        for likeness in asked:
            # The join has learned what a copy, the query, is to its original.
            original, copy = sorted((likeness.one, likeness.other), key=keep_order)
            query, target = self._looks.of(copy), self._looks.of(original)
            if query is not None and target is not None:
                ids.append((min(original.milvus_id, copy.milvus_id), max(original.milvus_id, copy.milvus_id)))
                found.append(evidence_of(query, target, likeness.cosine, bits_between(original, copy)))
        verdicts = self._join.verdicts([evidence for evidence, _ in found])
        return [
            Pair(
                *pair,
                "exact" if same and verdict.kind == "exact" else "edited",
                verdict.copy if same else min(verdict.copy, DOUBTFUL),
            )
            for pair, verdict, (_, same) in zip(ids, verdicts, found, strict=True)
        ]


def evidence_of(query: Look, target: Look, cosine: float, bits: int) -> tuple[Evidence, bool]:
    """Hold two pictures against each other; also say whether they are the same wherever they overlap, and by enough."""
    common = overlap(query.features, target.features)
    evidence = Evidence.of(common, cosine, 0.0, bits)
    enough = bits <= SAME_BITS or (common.inliers >= ENOUGH_INLIERS and common.inliers >= ENOUGH_SHARE * common.pairs)
    way = map_of(common.query_area, common.target_area) if enough else None
    return evidence, way is not None and difference(query.colours, target.colours, way) <= SAME_LOOK


def bits_between(one: CatalogEntry, other: CatalogEntry) -> int:
    """Return in how many of 256 bits the perceptual hashes differ."""
    return (int(one.facts.perceptual_hash, 16) ^ int(other.facts.perceptual_hash, 16)).bit_count()
