"""Which pictures may be copies of others: their nearest by vector, and by perceptual hash where there is an index of these."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from imagesearch.stores.factory import Stores
from imagesearch.types import CatalogEntry
from jobs.duplication.judge import Likeness, bits_between

# Vectors of one request: on Milvus Lite each costs as much as a search by itself, and all must be through within its timeout.
ASKED = 32
# Ids of one IN list.
CHUNK = 1000
# Pictures further apart than this both by vector and by hash are not held against each other: of 1,430 pairs of copies that
# were sure 2 are, of pairs of neighbours that are none two thirds.
LEAST_COSINE = 0.7
NEAR_BITS = 64

Ids = tuple[int, int]


class Neighbours:
    """Asks the indexes, some vectors a request; never compares all with all. Every method raises StoreError."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores

    def of(self, ids: Sequence[int], namespace: str, count: int) -> list[Likeness]:
        """Return each picture with those of its `count` nearest that may be a copy, any two of them once."""
        found: dict[Ids, float] = {}
        for start in range(0, len(ids), ASKED):
            part = ids[start : start + ASKED]
            found |= self._by_vector(part, namespace, count)
        near = [pair for start in range(0, len(ids), ASKED) for pair in self._by_hash(ids[start : start + ASKED], namespace, count)]
        every = self.likenesses(near, found)
        return [one for one in every if one.cosine >= LEAST_COSINE or bits_between(one.one, one.other) <= NEAR_BITS]

    def likenesses(self, pairs: Iterable[Ids], known: dict[Ids, float] | None = None) -> list[Likeness]:
        """Return these pairs, and those whose cosines are known, with their cosines; without those that are no longer there."""
        cosines = dict(known or {})
        unknown = [pair for pair in dict.fromkeys(pairs) if pair not in cosines]
        vectors = self._stores.index.fetch({one for pair in unknown for one in pair})
        for one, other in unknown:
            if one in vectors and other in vectors:
                cosines[one, other] = float(vectors[one] @ vectors[other])
        entries = self.entries({one for pair in cosines for one in pair})
        return [
            Likeness(entries[one], entries[other], cosine)
            for (one, other), cosine in sorted(cosines.items())
            if one in entries and other in entries
        ]

    def entries(self, ids: Collection[int]) -> dict[int, CatalogEntry]:
        """Return the searchable pictures among `ids`."""
        ordered = sorted(ids)
        parts = [ordered[start : start + CHUNK] for start in range(0, len(ordered), CHUNK)]
        return {one: entry for part in parts for one, entry in self._stores.catalog.entries(part).items()}

    def _by_vector(self, ids: Sequence[int], namespace: str, count: int) -> dict[Ids, float]:
        vectors = self._stores.index.fetch(ids)
        if not vectors:
            return {}
        # One more: each finds itself.
        found = self._stores.index.search_many(list(vectors.values()), count + 1, namespace)
        return {
            ordered(one, hit.milvus_id): hit.score
            for one, hits in zip(vectors, found, strict=True)
            for hit in hits
            if hit.milvus_id != one
        }

    def _by_hash(self, ids: Sequence[int], namespace: str, count: int) -> list[Ids]:
        hashes = {} if self._stores.hashes is None else self._stores.catalog.perceptual_hashes(ids)
        if self._stores.hashes is None or not hashes:
            return []
        found = self._stores.hashes.search_many(list(hashes.values()), count + 1, namespace)
        return [
            ordered(one, near.milvus_id)
            for one, nears in zip(hashes, found, strict=True)
            for near in nears
            if near.milvus_id != one and near.bits <= NEAR_BITS
        ]


def ordered(one: int, other: int) -> Ids:
    """Return two ids, the smaller one first: the same pair by either."""
    return min(one, other), max(one, other)
