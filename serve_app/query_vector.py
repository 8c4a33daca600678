"""From what a caller searches by to its vector: given, read from the index, or embedded from a picture."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence

import numpy as np

from imagesearch.errors import InputError, UnknownImage
from imagesearch.images.decode import decode
from imagesearch.keys import Key
from imagesearch.types import Pixels, Vector
from serve_app.schemas import SearchForm, SearchQuery
from serve_app.services import Services
from serve_app.timing import Timing

QUERIES = ("image_path", "image_base64", "milvus_id", "vector")


class QueryVector:
    """Makes the vector of a query."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._stores = services.stores

    async def of(self, query: SearchForm | SearchQuery, caller: Key, timing: Timing) -> Vector:
        """Return the vector, of length 1.

        Raises InputError unless there is exactly one query, UnknownImage also for what the caller may not see, ImageError,
        SourceError, ModelError, StoreError, Overloaded.
        """
        if isinstance(query, SearchQuery):
            _check_one(query)
            if query.vector is not None:
                return given(query.vector, self._stores.fingerprint.dim)
            if query.milvus_id is not None:
                with timing.stage("search"):
                    return await self._of_id(query.milvus_id, caller)
        with timing.stage("decode"):
            pixels = await self._pixels_of(query)
        with timing.stage("embed"):
            vectors = await self._services.embedder.embed(pixels[None])
        vector: Vector = vectors[0]
        return vector

    async def _of_id(self, milvus_id: int, caller: Key) -> Vector:
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
        decoded = decode(data, self._services.images, preprocess.at_least)
        return preprocess(decoded.rgb, decoded.area)

    def _prepare_base64(self, text: str) -> Pixels:
        try:
            data = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError) as exc:
            raise _wrong("image_base64", "is not standard base64") from exc
        return self._prepare(data)


def given(numbers: Sequence[float], dim: int) -> Vector:
    """Return a caller's vector in length 1. Raises InputError for another dimension than the model's, or none but zeros."""
    if len(numbers) != dim:
        raise _wrong("vector", f"has {len(numbers)} numbers, vectors of this model have {dim}")
    vector = np.asarray(numbers, np.float64)
    largest = np.abs(vector).max()
    if largest == 0:
        raise _wrong("vector", "has no direction: every number is 0")
    # The largest number first: the square of 1e200 is infinite, that of 1e-200 is 0.
    vector = vector / largest
    unit: Vector = (vector / np.linalg.norm(vector)).astype(np.float32)
    return unit


def _check_one(query: SearchQuery) -> None:
    asked = [name for name in QUERIES if getattr(query, name) is not None]
    if len(asked) != 1:
        message = f"give exactly one of {', '.join(QUERIES)}"
        raise InputError(message, errors=[{"field": name, "message": message} for name in asked or QUERIES])


def _wrong(field: str, message: str) -> InputError:
    return InputError(f"{field}: {message}", errors=[{"field": field, "message": message}])
