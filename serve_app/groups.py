"""Hits that look the same, shown as one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from imagesearch.types import CatalogEntry

# Bits of 256 in which the perceptual hashes of one picture's copies differ at most. Recompressed at quality 50 or at half its size
# a picture stays within 20; two that are different differ in about 128.
SAME_BITS = 24


@dataclass(frozen=True, slots=True)
class Group:
    """The best hit, and the ids of further hits that look like it."""

    score: float
    entry: CatalogEntry
    same: tuple[int, ...]


def grouped(hits: Iterable[tuple[float, CatalogEntry]]) -> list[Group]:
    """Put each hit to the first group whose best hit it looks like, else begin one; the order stays."""
    firsts: list[tuple[float, CatalogEntry]] = []
    same: list[list[int]] = []
    hashes = np.empty((0, 32), np.uint8)
    for score, entry in hits:
        bits = np.frombuffer(bytes.fromhex(entry.facts.perceptual_hash), np.uint8)
        distances = np.bitwise_count(hashes ^ bits).sum(axis=1)
        if len(distances) and distances.min() <= SAME_BITS:
            same[int(distances.argmin())].append(entry.milvus_id)
        else:
            firsts.append((score, entry))
            same.append([])
            hashes = np.vstack([hashes, bits])
    return [Group(score, entry, tuple(others)) for (score, entry), others in zip(firsts, same, strict=True)]
