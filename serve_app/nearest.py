"""The pictures nearest to a vector: by the index as far as that reaches, one by one where it does not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from time import perf_counter

import numpy as np

from imagesearch.filters import Filter
from imagesearch.types import Hit, Vector, Vectors
from serve_app.services import Services
from serve_app.timing import Timing

# Milvus answers no more than this many hits, however many of them the catalog does not confirm.
MOST_HITS = 16_384
# With a filter: hits for each one that is wanted, and hits at least, that the index is asked for to begin with.
FIRST_FACTOR, FIRST_HITS = 8, 128
# So few pictures are compared one by one rather than looked for in the index, which on a server may not find them at all.
# Fetching a vector of 1280 numbers takes 0.2 ms of Python's time, all the while other requests wait.
FEW = 256
# Ids of one look into SQL, and vectors in memory at once.
PAGE = 1000
# How long SQL may look for a filter's pictures before the index is asked.
FIRST_LOOK_S = 0.5


@dataclass(frozen=True, slots=True)
class Wanted:
    """How many pictures, which, and with which score at least."""

    count: int
    namespace: str
    filter: Filter
    min_score: float


@dataclass(frozen=True, slots=True)
class Ranking:
    """Hits, best first, all of them pictures that are searchable and match.

    Of `examined` hits of the index and vectors compared one by one, `dropped` had no searchable row. `exact`: all that match
    were compared one by one, or all that were before the time was over, which `complete` tells apart.
    """

    hits: list[Hit]
    examined: int = 0
    dropped: int = 0
    exact: bool = False
    complete: bool = True


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

    async def find(self, vector: Vector, wanted: Wanted, timing: Timing) -> Ranking:
        """Return as many as are wanted where so many match. Raises InputError for a key that is not kept, StoreError."""
        self._matches.check(wanted.filter)
        deadline = perf_counter() + self._services.filter_timeout_s
        walk = Walk(self._services, self._matches.walk(wanted.namespace, wanted.filter, PAGE))
        if wanted.filter:
            with timing.stage("metadata"):
                patience = perf_counter() + FIRST_LOOK_S
                while not walk.ended and len(walk.fresh) <= FEW and perf_counter() < patience:
                    await walk.step()
            if walk.ended and len(walk.fresh) <= FEW:
                return await self._one_by_one(vector, wanted, walk, Ranking([]), deadline, timing)
        ranking, enough = await self._by_index(vector, wanted, timing)
        # An index that gives fewer than were asked for does not say that there are no more.
        return ranking if enough else await self._one_by_one(vector, wanted, walk, ranking, deadline, timing)

    async def _by_index(self, vector: Vector, wanted: Wanted, timing: Timing) -> tuple[Ranking, bool]:
        """Ask the index for more until enough of its hits are confirmed, or it has no more; say whether they are enough."""
        asked = min(max(FIRST_FACTOR * wanted.count, FIRST_HITS), MOST_HITS) if wanted.filter else wanted.count
        created = wanted.filter.created_between()
        known: set[int] = set()
        searchable: set[int] = set()
        matching: set[int] = set()
        while True:
            with timing.stage("search"):
                found = await self._services.milvus.run(self._index.search, vector, asked, wanted.namespace, created)
            hits = [hit for hit in found if hit.score >= wanted.min_score]
            with timing.stage("metadata"):
                unknown = {hit.milvus_id for hit in hits} - known
                confirmed = await self._services.sql.run(self._matches.confirm, unknown, wanted.filter)
            known |= unknown
            searchable |= confirmed.searchable
            matching |= confirmed.matching
            good = [(rank, hit) for rank, hit in enumerate(hits, 1) if hit.milvus_id in matching][: wanted.count]
            enough = len(good) == wanted.count or len(hits) < len(found)
            if enough or len(found) < asked or asked >= MOST_HITS:
                examined = hits[: good[-1][0]] if len(good) == wanted.count else hits
                dropped = sum(hit.milvus_id not in searchable for hit in examined)
                return Ranking([hit for _, hit in good], len(examined), dropped), enough
            # As many as should do by what the first ones gave, and some to spare.
            asked = min(max(2 * asked, 3 * asked * wanted.count // (2 * max(len(good), 1))), MOST_HITS)

    async def _one_by_one(
        self, vector: Vector, wanted: Wanted, walk: Walk, ranking: Ranking, deadline: float, timing: Timing
    ) -> Ranking:
        """Compare all that match, beyond those of the ranking, with the vector, until the time is over."""
        best = {hit.milvus_id: hit for hit in ranking.hits}
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
                    hits = await self._services.milvus.run(self._compare, vector, ids)
                compared += len(ids)
                best |= {hit.milvus_id: hit for hit in hits if hit.score >= wanted.min_score}
                best = {hit.milvus_id: hit for hit in _ranked(best.values())[: wanted.count]}
        complete = walk.ended and not walk.fresh
        exact = bool(compared) or not ranking.hits
        return Ranking(_ranked(best.values()), ranking.examined + compared, ranking.dropped, exact, complete)

    def _compare(self, vector: Vector, ids: list[int]) -> list[Hit]:
        vectors = self._index.fetch(ids)
        if not vectors:
            return []
        rows: Vectors = np.stack(list(vectors.values()))
        scores = np.clip(rows @ vector, -1.0, 1.0)
        return [Hit(one, float(score)) for one, score in zip(vectors, scores, strict=True)]


def _ranked(hits: Iterable[Hit]) -> list[Hit]:
    return sorted(hits, key=lambda hit: (-hit.score, hit.milvus_id))
