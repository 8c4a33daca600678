"""From a query to its nearest pictures: read, decode, embed, search, and what the catalog knows of the hits."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter

from imagesearch.errors import InputError, UnknownImage, UnknownNamespace
from imagesearch.images.decode import decode
from imagesearch.keys import Key
from imagesearch.types import DEFAULT_NAMESPACE, CatalogEntry, Pixels, Vector
from serve_app.schemas import SearchForm, SearchQuery
from serve_app.services import Services

QUERIES = ("image_path", "image_base64", "milvus_id")

# Milvus answers no more than this many hits, however many of them the catalog drops.
MOST_HITS = 16_384


@dataclass(slots=True)
class Timing:
    """Milliseconds by stage, from the moment it was made."""

    stages: dict[str, float] = field(default_factory=lambda: dict.fromkeys(("decode", "embed", "search", "metadata"), 0.0))
    started: float = field(default_factory=perf_counter)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add what the block takes to the stage."""
        started = perf_counter()
        yield
        self.stages[name] += 1000 * (perf_counter() - started)

    def ms(self) -> dict[str, float]:
        """Return the stages and the total so far."""
        total = 1000 * (perf_counter() - self.started)
        return {name: round(value, 3) for name, value in {**self.stages, "total": total}.items()}


@dataclass(frozen=True, slots=True)
class Found:
    """Pictures with their scores, best first; `dropped` hits among them had no searchable row."""

    hits: list[tuple[float, CatalogEntry]]
    dropped: int
    timing_ms: dict[str, float]


class SearchService:
    """Answers searches."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._stores = services.stores

    async def search(self, query: SearchForm | SearchQuery, caller: Key) -> Found:
        """Find the nearest pictures of a namespace.

        Raises InputError unless there is exactly one query, UnknownImage, UnknownNamespace, ImageError, SourceError, ModelError,
        StoreError, Overloaded.
        """
        timing = Timing()
        vector = await self._vector_of(query, caller, timing)
        hits, dropped = await self._nearest(vector, query.top_k, query.namespace, timing)
        if not hits and query.namespace != DEFAULT_NAMESPACE:
            with timing.stage("metadata"):
                known = await self._services.sql.run(self._stores.catalog.knows_namespace, query.namespace)
            if not known:
                raise UnknownNamespace(f"nothing was ever loaded into the namespace {query.namespace!r}")
        return Found(hits, dropped, timing.ms())

    async def _vector_of(self, query: SearchForm | SearchQuery, caller: Key, timing: Timing) -> Vector:
        if isinstance(query, SearchQuery):
            _check_one(query)
            if query.milvus_id is not None:
                with timing.stage("search"):
                    return await self._vector_of_id(query.milvus_id, caller)
        with timing.stage("decode"):
            pixels = await self._pixels_of(query)
        with timing.stage("embed"):
            vectors = await self._services.embedder.embed(pixels[None])
        vector: Vector = vectors[0]
        return vector

    async def _vector_of_id(self, milvus_id: int, caller: Key) -> Vector:
        # A vector may outlive its picture for a while; the catalog says which exist.
        entry = await self._services.entry(milvus_id, caller)
        vectors = await self._services.milvus.run(self._stores.index.fetch, [entry.milvus_id])
        if milvus_id not in vectors:
            raise UnknownImage(f"the picture {milvus_id} has no vector of this model")
        return vectors[milvus_id]

    async def _pixels_of(self, query: SearchForm | SearchQuery) -> Pixels:
        if isinstance(query, SearchForm):
            return await self._services.decode.run(self._prepare, query.file)
        if query.image_path is not None:
            data = await self._services.read.run(self._stores.sources.read, query.image_path)
            return await self._services.decode.run(self._prepare, data)
        return await self._services.decode.run(self._prepare_base64, query.image_base64 or "")

    def _prepare(self, data: bytes) -> Pixels:
        preprocess = self._stores.preprocess
        return preprocess(decode(data, self._services.images, preprocess.at_least).rgb)

    def _prepare_base64(self, text: str) -> Pixels:
        try:
            data = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError) as exc:
            message = "is not standard base64"
            raise InputError(f"image_base64: {message}", errors=[{"field": "image_base64", "message": message}]) from exc
        return self._prepare(data)

    async def _nearest(
        self, vector: Vector, top_k: int, namespace: str, timing: Timing
    ) -> tuple[list[tuple[float, CatalogEntry]], int]:
        """Ask the index for more until `top_k` hits have a row, or it has no more."""
        entries: dict[int, CatalogEntry] = {}
        asked = top_k
        while True:
            with timing.stage("search"):
                hits = await self._services.milvus.run(self._stores.index.search, vector, asked, namespace)
            with timing.stage("metadata"):
                unknown = [hit.milvus_id for hit in hits if hit.milvus_id not in entries]
                entries |= await self._services.sql.run(self._stores.catalog.entries, unknown)
            ranked = [(rank, hit) for rank, hit in enumerate(hits, 1) if hit.milvus_id in entries][:top_k]
            if len(ranked) == top_k or len(hits) < asked or asked >= MOST_HITS:
                examined = ranked[-1][0] if len(ranked) == top_k else len(hits)
                return [(hit.score, entries[hit.milvus_id]) for _, hit in ranked], examined - len(ranked)
            asked = min(2 * asked, MOST_HITS)


def _check_one(query: SearchQuery) -> None:
    given = [name for name in QUERIES if getattr(query, name) is not None]
    if len(given) != 1:
        message = f"give exactly one of {', '.join(QUERIES)}"
        raise InputError(message, errors=[{"field": name, "message": message} for name in given or QUERIES])
