"""From a query to its nearest pictures: its vectors, the ranking, and what the catalog knows of the hits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from time import perf_counter

import numpy as np

from imagesearch.errors import UnknownNamespace
from imagesearch.keys import Key
from imagesearch.types import DEFAULT_NAMESPACE, Calibrated, CatalogEntry, Embedded, Vectors
from serve_app.effort import Effort
from serve_app.groups import Group, grouped
from serve_app.look import Verified
from serve_app.nearest import Nearest, Ranking, Wanted
from serve_app.own_write import OwnWrite
from serve_app.queries import CompareForm, CompareQuery, SearchForm, SearchQuery
from serve_app.query_vectors import QueryVectors
from serve_app.services import Services
from serve_app.sought_pictures import Begun
from serve_app.timing import Timing
from serve_app.verification import Checked, Verification, ranked

# Hits for each group that is wanted, to begin with, and hits at most that are put into groups: each is held against all of them.
GROUP_FACTOR, MOST_GROUPED = 2, 4096


@dataclass(frozen=True, slots=True)
class Shown:
    """A hit with what the catalog knows of it, and the ids of further hits that look the same."""

    score: float
    entry: CatalogEntry
    same: tuple[int, ...]
    verified: Verified | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """Pictures, best first, and how they were found.

    `embedded` is what the model gave, None where it was not needed. `views` are the names of the query's own views that the ranking
    refers to. `calibrated`: what the index's effort was chosen by. `lag_s`: the age of the oldest request that waits.
    `verified`: how many hits were, None: the search did not ask for it; `joined_by`: which version of the join judged.
    """

    hits: list[Shown]
    ranking: Ranking
    views: tuple[str, ...]
    calibrated: Calibrated | None
    lag_s: float | None
    timing_ms: dict[str, float]
    embedded: Embedded | None
    verified: int | None = None
    joined_by: int | None = None


class SearchService:
    """Answers searches."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._catalog = services.stores.catalog
        self._vectors = QueryVectors(services)
        self._nearest = Nearest(services)
        self._effort = Effort(services)
        self._own_write = OwnWrite(services)
        self._verification = Verification(services)

    async def search(self, query: SearchForm | SearchQuery, caller: Key) -> Found:
        """Find the nearest pictures of a namespace.

        Raises InputError unless there is exactly one query, UnknownImage, UnknownLog, UnknownNamespace, ImageError, SourceError,
        ModelError, StoreError, Overloaded, NotLoadedYet, NotCalibrated.
        """
        begun = self._verification.begun(query.verify, caller)
        try:
            return await self._searched(query, caller, begun)
        finally:
            begun.drop()

    async def _searched(self, query: SearchForm | SearchQuery, caller: Key, begun: Begun) -> Found:
        timing = Timing(self._services.tracer)
        if query.log_id is not None:
            with timing.stage("wait"):
                await self._own_write.loaded(query.log_id, caller)
        vectors, views, picture = await self._vectors.of(query, caller, timing, begun.begin)
        last = query.offset + query.top_k
        verify = self._verification.wanted(query.verify, picture)
        count = max(last, self._services.verify.candidates) if verify else last
        calibrated = None if query.recall is None else await self._effort.reaching(query.recall)
        effort = None if calibrated is None else calibrated.effort
        wanted = Wanted(count, query.namespace, query.filter, query.min_score, query.exact, effort)
        if query.group:
            ranking, groups = await self._grouped(vectors, wanted, timing)
        else:
            ranking = await self._nearest.find(vectors, wanted, timing)
            groups = [Group(hit) for hit in ranking.hits]
        checked = Checked()
        if verify and picture is not None and groups and not (verify == "auto" and self._verification.clear(groups)):
            with timing.stage("verify"):
                known = ranking.entries
                checked = await self._verification.of(picture, vectors, groups, known, wanted, begun, until_sure=verify == "auto")
            groups = ranked([*groups, *checked.others], checked.verified)
            ranking = replace(ranking, views=ranking.views | checked.views)
        page = await self._shown(groups[query.offset : last], ranking.entries, checked.verified, timing)
        if not ranking.hits:
            await self._check_namespace(query.namespace)
        lag_s = await self._services.lag.seconds()
        count_verified = len(checked.verified) if verify else None
        found = Found(page, ranking, tuple(views), calibrated, lag_s, timing.ms(), timing.embedded, count_verified)
        return replace(found, joined_by=checked.joined_by)

    async def compare(self, query: CompareForm | CompareQuery, caller: Key) -> tuple[float, dict[str, float]]:
        """Return the cosine similarity of two pictures, and where the time went. Raises what search raises for each of them."""
        timing = Timing(self._services.tracer)
        first, second = await self._vectors.pair(query, caller, timing)
        return float(np.clip(first @ second, -1.0, 1.0)), timing.ms()

    async def _check_namespace(self, namespace: str) -> None:
        if namespace != DEFAULT_NAMESPACE and not await self._services.sql.run(self._catalog.knows_namespace, namespace):
            raise UnknownNamespace(f"nothing was ever loaded into the namespace {namespace!r}")

    async def _grouped(self, vectors: Vectors, wanted: Wanted, timing: Timing) -> tuple[Ranking, list[Group]]:
        """Rank more and more pictures until they make as many groups as are wanted, or there are no more."""
        deadline = perf_counter() + self._services.filter_timeout_s
        count = min(wanted.count * GROUP_FACTOR, MOST_GROUPED)
        while True:
            ranking = await self._nearest.find(vectors, replace(wanted, count=count), timing)
            with timing.stage("metadata"):
                ids = [hit.milvus_id for hit in ranking.hits]
                hashes = await self._services.sql.run(self._catalog.perceptual_hashes, ids)
                groups = await self._services.decode.run(grouped, ranking.hits, hashes)
            if len(groups) >= wanted.count or len(ranking.hits) < count:
                return ranking, groups
            if perf_counter() > deadline or count == MOST_GROUPED:
                return replace(ranking, complete=False), groups
            count = min(4 * count, MOST_GROUPED)

    async def _shown(
        self, groups: list[Group], known: Mapping[int, CatalogEntry], verified: Mapping[int, Verified], timing: Timing
    ) -> list[Shown]:
        with timing.stage("metadata"):
            entries = await self._services.entries([group.first.milvus_id for group in groups], known)
        # One that was deleted a moment ago is not in the catalog any more.
        return [
            Shown(group.first.score, entries[group.first.milvus_id], group.same, verified.get(group.first.milvus_id))
            for group in groups
            if group.first.milvus_id in entries
        ]
