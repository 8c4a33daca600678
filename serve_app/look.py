"""One search's look at its candidates: which were held against the query, and what each of them is to it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from threading import Lock
from time import perf_counter

from imagesearch.images.alignment import Sought
from imagesearch.images.features import Features
from imagesearch.images.misfit import misfit
from imagesearch.images.overlap import Overlap, held, laid
from imagesearch.join import Evidence, Join, Verdict
from imagesearch.rivals import LEAST_COPY, standings
from imagesearch.types import CatalogEntry

# A hit that is so likely a copy leaves nothing to look for, but for what may be a variant of it.
SURE = 0.95
# Pictures whose perceptual hashes differ in no more bits may be variants of one drawing; of all pairs one of 900 is as near.
FAMILY_BITS = 72
# Candidates that a thread takes at once: each call of one costs as long as holding against a picture.
MOST_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Verified:
    """What a hit has in common with the query, and what it is to it by all that is known.

    `misfit` as imagesearch.images.misfit has it, 1 where it is no likely copy or has no rival. `standing`: by what hits are
    ordered, the more the better; as imagesearch.rivals has it.
    """

    overlap: Overlap
    verdict: Verdict
    misfit: float
    standing: float


class Look:
    """Gives out the candidates, nearest first, to whoever verifies them, holds them against the query and gathers what comes of it.

    `margins`: by milvus_id, its score, and how much more that is than the best of the others'. `until_sure`: those behind the
    first that is surely a copy are not wanted, but for its family: candidates whose hashes are near, which follow it. Which these
    are does not depend on who is ready first. `turn`: of whoever holds.
    """

    def __init__(
        self,
        query_hash: str,
        candidates: Sequence[CatalogEntry],
        margins: Mapping[int, tuple[float, float]],
        join: Join,
        *,
        until_sure: bool,
    ) -> None:
        self._query_hash = int(query_hash, 16)
        families = _families(candidates) if until_sure else [list(candidates)]
        self._candidates = [one for family in families for one in family]
        # By place, where its family ends.
        self._ends = [end for family, end in zip(families, accumulate(map(len, families)), strict=True) for _ in family]
        self._margins = margins
        self._join = join
        self._until_sure = until_sure
        self._found: dict[int, Verified] = {}
        self._end = len(candidates)
        self._next, self._part = 0, 1
        self._lock = Lock()
        self.turn = asyncio.Lock()

    @property
    def first_family(self) -> Sequence[CatalogEntry]:
        """The first candidate and those that may be variants of it."""
        return self._candidates[: self._ends[0]] if self._ends else []

    def waiting(self) -> Iterator[Sequence[tuple[int, CatalogEntry]]]:
        """Yield the candidates that nobody has taken yet, each with its place: the first alone, then more and more together.

        From one event loop.
        """
        while self._next < self._end:
            first, self._next = self._next, min(self._next + self._part, self._end)
            self._part = min(2 * self._part, MOST_AT_ONCE)
            yield list(enumerate(self._candidates[first : self._next], first))

    def glance(self, whole: Sought, place: int, target: Features) -> bool:
        """Lay the query on a candidate of the first family as a whole, and say whether that is enough: that it is surely a copy.

        What is no copy at a glance may be one to who looks longer, and is not kept. Thread-safe.
        """
        verified = self._judged(place, whole.features, target, laid(whole, target), is_alone=len(self.first_family) == 1)
        is_sure = verified.verdict.copy >= SURE
        if is_sure:
            self._keep(place, verified)
        return is_sure

    def hold(self, sought: Sought, targets: Sequence[tuple[int, Features]], ends: float) -> None:
        """Hold the query against candidates, by their places, in turn, and judge each: while it is wanted, and until `ends`, by
        time.perf_counter. Thread-safe.
        """
        for place, target in targets:
            if place >= self._end or perf_counter() >= ends:
                return
            self._keep(place, self._judged(place, sought.features, target, held(sought, target)))

    def _keep(self, place: int, verified: Verified) -> None:
        with self._lock:
            self._found[place] = verified
            if self._until_sure and verified.verdict.copy >= SURE:
                self._end = min(self._end, self._ends[place])

    def _judged(self, place: int, query: Features, target: Features, overlap: Overlap, *, is_alone: bool = False) -> Verified:
        entry = self._candidates[place]
        score, margin = self._margins[entry.milvus_id]
        hamming = (self._query_hash ^ _hash(entry)).bit_count()
        (verdict,) = self._join.verdicts([Evidence.of(overlap, score, margin, hamming)])
        # It takes a millisecond, and tells likely copies from each other.
        unlike = misfit(query, target, overlap.way) if verdict.copy >= LEAST_COPY and not is_alone else 1.0
        return Verified(overlap, verdict, unlike, verdict.copy)

    @property
    def verified(self) -> dict[int, Verified]:
        """What was verified of what is wanted, by milvus_id; of several likely copies those stand behind that fit less exactly."""
        with self._lock:
            found = [(place, one) for place, one in sorted(self._found.items()) if place < self._end]
        standing = standings([one.verdict.copy for _, one in found], [one.misfit for _, one in found])
        return {
            self._candidates[place].milvus_id: replace(one, standing=value)
            for (place, one), value in zip(found, standing, strict=True)
        }


def _families(candidates: Sequence[CatalogEntry]) -> list[list[CatalogEntry]]:
    """Put behind each candidate the later ones whose hashes are near to its own."""
    families: list[tuple[int, list[CatalogEntry]]] = []
    for one in candidates:
        bits = _hash(one)
        near = (family for first, family in families if (first ^ bits).bit_count() <= FAMILY_BITS)
        family = next(near, None)
        if family is None:
            families.append((bits, [one]))
        else:
            family.append(one)
    return [family for _, family in families]


def _hash(entry: CatalogEntry) -> int:
    return int(entry.facts.perceptual_hash, 16)
