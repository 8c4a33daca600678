"""From a query to its nearest pictures: its vector, the ranking, and what the catalog knows of the hits."""

from __future__ import annotations

from dataclasses import dataclass

from imagesearch.errors import UnknownNamespace
from imagesearch.keys import Key
from imagesearch.types import DEFAULT_NAMESPACE, CatalogEntry
from serve_app.nearest import Nearest, Ranking, Wanted
from serve_app.query_vector import QueryVector
from serve_app.schemas import SearchForm, SearchQuery
from serve_app.services import Services
from serve_app.timing import Timing


@dataclass(frozen=True, slots=True)
class Found:
    """Pictures with their scores, best first, and how they were found."""

    hits: list[tuple[float, CatalogEntry]]
    ranking: Ranking
    timing_ms: dict[str, float]


class SearchService:
    """Answers searches."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._catalog = services.stores.catalog
        self._query_vector = QueryVector(services)
        self._nearest = Nearest(services)

    async def search(self, query: SearchForm | SearchQuery, caller: Key) -> Found:
        """Find the nearest pictures of a namespace.

        Raises InputError unless there is exactly one query, UnknownImage, UnknownNamespace, ImageError, SourceError, ModelError,
        StoreError, Overloaded.
        """
        timing = Timing()
        vector = await self._query_vector.of(query, caller, timing)
        wanted = Wanted(query.offset + query.top_k, query.namespace, query.filter, query.min_score)
        ranking = await self._nearest.find(vector, wanted, timing)
        page = ranking.hits[query.offset :]
        with timing.stage("metadata"):
            entries = await self._services.sql.run(self._catalog.entries, [hit.milvus_id for hit in page])
            if not ranking.hits and query.namespace != DEFAULT_NAMESPACE:
                known = await self._services.sql.run(self._catalog.knows_namespace, query.namespace)
                if not known:
                    raise UnknownNamespace(f"nothing was ever loaded into the namespace {query.namespace!r}")
        # One that was deleted a moment ago is not in the catalog any more.
        hits = [(hit.score, entries[hit.milvus_id]) for hit in page if hit.milvus_id in entries]
        return Found(hits, ranking, timing.ms())
