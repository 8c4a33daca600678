"""Hits that look the same, shown as one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from imagesearch.images.hashes import SAME_BITS
from imagesearch.types import Hit


@dataclass(frozen=True, slots=True)
class Group:
    """The best hit, and the ids of further hits that look like it."""

    first: Hit
    same: tuple[int, ...] = ()


def grouped(hits: Iterable[Hit], hashes: Mapping[int, str]) -> list[Group]:
    """Put each hit to the first group whose best hit it looks like, else begin one; the order stays.

    `hashes` are the perceptual hashes by milvus_id; a hit without one is left out.
    """
    groups: list[tuple[Hit, list[int]]] = []
    known = np.empty((0, 32), np.uint8)
    for hit in hits:
        if hit.milvus_id not in hashes:
            continue
        bits = np.frombuffer(bytes.fromhex(hashes[hit.milvus_id]), np.uint8)
        distances = np.bitwise_count(known[: len(groups)] ^ bits).sum(axis=1)
        if len(distances) and distances.min() <= SAME_BITS:
            groups[int(distances.argmin())][1].append(hit.milvus_id)
            continue
        if len(groups) == len(known):
            known = np.vstack([known, np.empty((max(64, len(known)), 32), np.uint8)])
        known[len(groups)] = bits
        groups.append((hit, []))
    return [Group(first, tuple(same)) for first, same in groups]
