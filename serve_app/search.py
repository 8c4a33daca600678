"""From a query to its nearest pictures: its vectors, the ranking, and what the catalog knows of the hits."""

from __future__ import annotations

from dataclasses import dataclass, replace
from time import perf_counter

import numpy as np

from imagesearch.errors import UnknownNamespace
from imagesearch.keys import Key
from imagesearch.types import DEFAULT_NAMESPACE, Calibrated, CatalogEntry
from serve_app.effort import Effort
from serve_app.groups import Group, grouped
from serve_app.nearest import MOST_HITS, Nearest, Ranking, Wanted
from serve_app.own_write import OwnWrite
from serve_app.queries import CompareForm, CompareQuery, SearchForm, SearchQuery
from serve_app.query_vectors import QueryVectors
from serve_app.services import Services
from serve_app.timing import Timing

# Hits for each group that is wanted, to begin with.
GROUP_FACTOR = 2


@dataclass(frozen=True, slots=True)
class Found:
    """Groups of pictures, best first, each of one picture unless they were asked for; and how they were found.

    `views` are the names of the query's own views that the ranking refers to. `calibrated`: what the index's effort was chosen by.
    `lag_s`: the age of the oldest request that waits.
    """

    groups: list[Group]
    ranking: Ranking
    views: tuple[str, ...]
    calibrated: Calibrated | None
    lag_s: float | None
    timing_ms: dict[str, float]


class SearchService:
    """Answers searches."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._catalog = services.stores.catalog
        self._vectors = QueryVectors(services)
        self._nearest = Nearest(services)
        self._effort = Effort(services)
        self._own_write = OwnWrite(services)

    async def search(self, query: SearchForm | SearchQuery, caller: Key) -> Found:
        """Find the nearest pictures of a namespace.

        Raises InputError unless there is exactly one query, UnknownImage, UnknownLog, UnknownNamespace, ImageError, SourceError,
        ModelError, StoreError, Overloaded, NotLoadedYet, NotCalibrated.
        """
        timing = Timing()
        if query.log_id is not None:
            with timing.stage("wait"):
                await self._own_write.loaded(query.log_id, caller)
        vectors, views = await self._vectors.of(query, caller, timing)
        last = query.offset + query.top_k
        calibrated = None if query.recall is None else await self._effort.reaching(query.recall)
        effort = None if calibrated is None else calibrated.effort
        wanted = Wanted(last, query.namespace, query.filter, query.min_score, query.exact, effort)
        if query.group:
            groups, ranking = await self._grouped(vectors, wanted, timing)
            page = groups[query.offset : last]
        else:
            ranking = await self._nearest.find(vectors, wanted, timing)
            page = [Group(*one, ()) for one in await self._entries(replace(ranking, hits=ranking.hits[query.offset :]), timing)]
        if not ranking.hits:
            await self._check_namespace(query.namespace)
        lag_s = await self._services.lag.seconds()
        return Found(page, ranking, tuple(views), calibrated, lag_s, timing.ms())

    async def compare(self, query: CompareForm | CompareQuery, caller: Key) -> tuple[float, dict[str, float]]:
        """Return the cosine similarity of two pictures, and where the time went. Raises what search raises for each of them."""
        timing = Timing()
        first, second = await self._vectors.pair(query, caller, timing)
        return float(np.clip(first @ second, -1.0, 1.0)), timing.ms()

    async def _check_namespace(self, namespace: str) -> None:
        if namespace != DEFAULT_NAMESPACE and not await self._services.sql.run(self._catalog.knows_namespace, namespace):
            raise UnknownNamespace(f"nothing was ever loaded into the namespace {namespace!r}")

    async def _grouped(self, vectors: np.ndarray, wanted: Wanted, timing: Timing) -> tuple[list[Group], Ranking]:
        """Rank more and more pictures until they make as many groups as are wanted, or there are no more."""
        deadline = perf_counter() + self._services.filter_timeout_s
        count = wanted.count * GROUP_FACTOR
        while True:
            ranking = await self._nearest.find(vectors, replace(wanted, count=count), timing)
            groups = grouped(await self._entries(ranking, timing))
            if len(groups) >= wanted.count or len(ranking.hits) < count or count >= MOST_HITS:
                return groups, ranking
            if perf_counter() > deadline:
                return groups, replace(ranking, complete=False)
            count = min(4 * count, MOST_HITS)

    async def _entries(self, ranking: Ranking, timing: Timing) -> list[tuple[float, CatalogEntry]]:
        with timing.stage("metadata"):
            entries = await self._services.sql.run(self._catalog.entries, [hit.milvus_id for hit in ranking.hits])
        # One that was deleted a moment ago is not in the catalog any more.
        return [(hit.score, entries[hit.milvus_id]) for hit in ranking.hits if hit.milvus_id in entries]
