"""One search's look at its candidates: which were held against the query, and what each of them is to it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from time import perf_counter

from imagesearch.images.alignment import Sought
from imagesearch.images.features import Features
from imagesearch.images.overlap import Overlap, held
from imagesearch.join import Evidence, Join, Verdict
from imagesearch.types import CatalogEntry

# A hit that is so likely a copy leaves nothing to look for.
SURE = 0.95
# Candidates that a thread takes at once: each call of one costs as long as holding against a picture.
MOST_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Verified:
    """What a hit has in common with the query, and what it is to it by all that is known."""

    overlap: Overlap
    verdict: Verdict


class Look:
    """Gives out the candidates, nearest first, to whoever verifies them, holds them against the query and gathers what comes of it.

    `margins`: by milvus_id, its score, and how much more that is than the best of the others'. `until_sure`: those behind the
    first that is surely a copy are not wanted; which these are does not depend on who is ready first. `turn`: of whoever holds.
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
        self._candidates = candidates
        self._margins = margins
        self._join = join
        self._until_sure = until_sure
        self._found: dict[int, Verified] = {}
        self._end = len(candidates)
        self._next, self._part = 0, 1
        self._lock = Lock()
        self.turn = asyncio.Lock()

    def waiting(self) -> Iterator[Sequence[tuple[int, CatalogEntry]]]:
        """Yield the candidates that nobody has taken yet, each with its place: the first alone, then more and more together.

        From one event loop.
        """
        while self._next < self._end:
            first, self._next = self._next, min(self._next + self._part, self._end)
            self._part = min(2 * self._part, MOST_AT_ONCE)
            yield list(enumerate(self._candidates[first : self._next], first))

    def glance(self, overlap: Overlap) -> bool:
        """Judge the first candidate by what was seen of it at a glance, and say whether all is done: that it is surely a copy."""
        verified = self._judged(0, overlap)
        is_done = self._until_sure and verified.verdict.copy >= SURE
        if is_done:
            with self._lock:
                self._found, self._end = {0: verified}, 1
        return is_done

    def hold(self, sought: Sought, targets: Sequence[tuple[int, Features]], ends: float) -> None:
        """Hold the query against candidates, by their places, in turn, and judge each: while it is wanted, and until `ends`, by
        time.perf_counter. Thread-safe.
        """
        for place, target in targets:
            if place >= self._end or perf_counter() >= ends:
                return
            verified = self._judged(place, held(sought, target))
            with self._lock:
                self._found[place] = verified
                if self._until_sure and verified.verdict.copy >= SURE:
                    self._end = min(self._end, place + 1)

    def _judged(self, place: int, overlap: Overlap) -> Verified:
        entry = self._candidates[place]
        score, margin = self._margins[entry.milvus_id]
        hamming = (self._query_hash ^ int(entry.facts.perceptual_hash, 16)).bit_count()
        (verdict,) = self._join.verdicts([Evidence.of(overlap, score, margin, hamming)])
        return Verified(overlap, verdict)

    @property
    def verified(self) -> dict[int, Verified]:
        """What was verified of what is wanted, by milvus_id."""
        with self._lock:
            return {self._candidates[place].milvus_id: one for place, one in sorted(self._found.items()) if place < self._end}
