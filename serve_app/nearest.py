"""The pictures nearest to any of some vectors: by the index as far as that reaches, one by one where it does not."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from time import perf_counter

import numpy as np

from imagesearch.filters import Filter
from imagesearch.stores.sql.matches import Confirmed
from imagesearch.types import CatalogEntry, Hit, Vectors
from serve_app.merged import Merged, merged
from serve_app.services import Services
from serve_app.timing import Timing

# Milvus answers no more than this many hits, however many of them the catalog does not confirm.
MOST_HITS = 16_384
# With a filter: hits for each one that is wanted, and hits at least, that the index is asked for to begin with.
FIRST_FACTOR, FIRST_HITS = 8, 128
# So few pictures are compared one by one rather than looked for in the index, which on a server may not find them at all.
# Fetching a vector of 1280 numbers takes 0.2 ms of Python's time, all the while other requests wait.
FEW = 256
# So many hits are confirmed by all that is known of them, which whoever shows them needs: another visit to SQL costs as much.
SHOWN = 64
# Ids of one look into SQL, and vectors in memory at once.
PAGE = 1000
# How long SQL may look for a filter's pictures before the index is asked.
FIRST_LOOK_S = 0.5


@dataclass(frozen=True, slots=True)
class Wanted:
    """How many pictures, which, and with which score at least.

    `exact`: all that match are compared one by one. `effort`: how far the index looks, in its own measure; None: as it is set.
    """

    count: int
    namespace: str
    filter: Filter
    min_score: float
    exact: bool = False
    effort: int | None = None


@dataclass(frozen=True, slots=True)
class Ranking:
    """Hits, best first, all of them pictures that are searchable and match.

    `views` says by which of the vectors each was found. Of `examined` hits of the index and vectors compared one by one, `dropped`
    had no searchable row, and `filtered` one that does not match. `exact`: all that match were compared one by one, or all that
    were before the time was over, which `complete` tells apart. `entries`: what the catalog said of hits where it was asked for all
    of it.
    """

    hits: list[Hit]
    views: dict[int, int] = field(default_factory=dict)
    examined: int = 0
    dropped: int = 0
    filtered: int = 0
    exact: bool = False
    complete: bool = True
    entries: Mapping[int, CatalogEntry] = field(default_factory=dict)


@dataclass(slots=True)
class Walk:
    """The ids that match, as far as SQL was asked for them; `fresh` are those that nobody has compared yet."""

    services: Services
    pages: Iterator[list[int]]
    fresh: list[int] = field(default_factory=list)
    ended: bool = False

    async def step(self) -> None:
        """Ask SQL for the next page."""
        ids = await self.services.sql.run(lambda: next(self.pages, None))
        self.ended = ids is None
        self.fresh += ids or []


class Nearest:
    """Ranks pictures; SQL says which match."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._index = services.stores.index
        self._matches = services.stores.matches

    async def find(self, vectors: Vectors, wanted: Wanted, timing: Timing) -> Ranking:
        """Return as many as are wanted where so many match. Raises InputError for a key that is not kept, StoreError."""
        self._matches.check(wanted.filter)
        patience_s = self._services.exact_timeout_s if wanted.exact else self._services.filter_timeout_s
        deadline = perf_counter() + patience_s
        walk = Walk(self._services, self._matches.walk(wanted.namespace, wanted.filter, PAGE))
        if wanted.exact:
            return await self._one_by_one(vectors, wanted, walk, Ranking([]), deadline, timing)
        if wanted.filter:
            with timing.stage("metadata"):
                patience = perf_counter() + FIRST_LOOK_S
                while not walk.ended and len(walk.fresh) <= FEW and perf_counter() < patience:
                    await walk.step()
            if walk.ended and len(walk.fresh) <= FEW:
                return await self._one_by_one(vectors, wanted, walk, Ranking([]), deadline, timing)
        ranking, enough = await self._by_index(vectors, wanted, timing)
        # An index that gives fewer than were asked for does not say that there are no more.
        return ranking if enough else await self._one_by_one(vectors, wanted, walk, ranking, deadline, timing)

    async def _by_index(self, vectors: Vectors, wanted: Wanted, timing: Timing) -> tuple[Ranking, bool]:
        """Ask the index for more until enough of its hits are confirmed, or it has no more; say whether they are enough."""
        asked = min(max(FIRST_FACTOR * wanted.count, FIRST_HITS), MOST_HITS) if wanted.filter else wanted.count
        known: set[int] = set()
        searchable: set[int] = set()
        matching: set[int] = set()
        entries: Mapping[int, CatalogEntry] = {}
        at_once = len(vectors) == 1 and not wanted.filter
        while True:
            if at_once and asked <= SHOWN:
                found, entries = await self._services.milvus.run(self._at_once, vectors, asked, wanted, timing)
            else:
                with timing.stage("search"):
                    found = await self._merged(vectors, asked, wanted)
            hits = [hit for hit in found.hits if hit.score >= wanted.min_score]
            with timing.stage("metadata"):
                unknown = {hit.milvus_id for hit in hits} - known
                if wanted.filter or len(unknown) > SHOWN:
                    confirmed = await self._services.sql.run(self._matches.confirm, unknown, wanted.filter)
                else:
                    entries = await self._services.entries(unknown, entries)
                    shown = unknown & entries.keys()
                    confirmed = Confirmed(shown, shown)
            known |= unknown
            searchable |= confirmed.searchable
            matching |= confirmed.matching
            good = [(rank, hit) for rank, hit in enumerate(hits, 1) if hit.milvus_id in matching][: wanted.count]
            enough = len(good) == wanted.count or len(hits) < len(found.hits)
            if enough or not found.more or asked >= MOST_HITS:
                examined = hits[: good[-1][0]] if len(good) == wanted.count else hits
                dropped = sum(hit.milvus_id not in searchable for hit in examined)
                filtered = len(examined) - dropped - len(good)
                ranking = Ranking([hit for _, hit in good], found.views, len(examined), dropped, filtered, entries=entries)
                return ranking, enough
            # As many as should do by what the first ones gave, and some to spare.
            asked = min(max(2 * asked, 3 * asked * wanted.count // (2 * max(len(good), 1))), MOST_HITS)

    def _at_once(self, vectors: Vectors, asked: int, wanted: Wanted, timing: Timing) -> tuple[Merged, Mapping[int, CatalogEntry]]:
        """Ask the index, and the catalog for all its hits, in one thread: to wake another one takes as long as SQL does."""
        with timing.stage("search"):
            found = merged([self._index.search(vectors[0], asked, wanted.namespace, effort=wanted.effort)], asked)
        with timing.stage("metadata"):
            return found, self._services.stores.catalog.entries([hit.milvus_id for hit in found.hits])

    async def _merged(self, vectors: Vectors, asked: int, wanted: Wanted) -> Merged:
        created = wanted.filter.created_between()
        search, run = self._index.search, self._services.milvus.run
        calls = (run(search, vector, asked, wanted.namespace, created, wanted.effort) for vector in vectors)
        return merged(await asyncio.gather(*calls), asked)

    async def _one_by_one(
        self, vectors: Vectors, wanted: Wanted, walk: Walk, ranking: Ranking, deadline: float, timing: Timing
    ) -> Ranking:
        """Compare all that match, beyond those of the ranking, with the vectors, until the time is over."""
        best = {hit.milvus_id: hit for hit in ranking.hits}
        views = dict(ranking.views)
        compared = 0
        while walk.fresh or not walk.ended:
            if perf_counter() > deadline:
                break
            if not walk.fresh:
                with timing.stage("metadata"):
                    await walk.step()
            ids = [one for one in walk.fresh[:PAGE] if one not in best]
            del walk.fresh[:PAGE]
            if ids:
                with timing.stage("search"):
                    found = await self.compared(vectors, ids)
                compared += len(ids)
                best |= {hit.milvus_id: hit for hit in found.hits if hit.score >= wanted.min_score}
                best = {hit.milvus_id: hit for hit in _ranked(best.values())[: wanted.count]}
                views |= found.views
        complete = walk.ended and not walk.fresh
        exact = wanted.exact or bool(compared) or not ranking.hits
        examined = ranking.examined + compared
        return replace(ranking, hits=_ranked(best.values()), views=views, examined=examined, exact=exact, complete=complete)

    async def compared(self, vectors: Vectors, ids: list[int]) -> Merged:
        """Hold each of these pictures against the vectors; one that has none is left out. Raises StoreError."""
        return await self._services.milvus.run(self._compare, vectors, ids)

    def _compare(self, vectors: Vectors, ids: list[int]) -> Merged:
        stored = self._index.fetch(ids)
        if not stored:
            return Merged([], {}, more=False)
        rows: Vectors = np.stack(list(stored.values()))
        scores = np.clip(rows @ vectors.T, -1.0, 1.0)
        best = scores.argmax(axis=1)
        hits = [Hit(one, float(score[view])) for one, score, view in zip(stored, scores, best, strict=True)]
        return Merged(hits, dict(zip(stored, map(int, best), strict=True)), more=False)


def _ranked(hits: Iterable[Hit]) -> list[Hit]:
    return sorted(hits, key=lambda hit: (-hit.score, hit.milvus_id))
