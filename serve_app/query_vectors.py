"""From what a caller searches by to its vectors: given, read from the index, or embedded from pictures and texts."""

from __future__ import annotations

import base64
import binascii
import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from imagesearch.errors import InputError, NoTextSearch, UnknownImage
from imagesearch.images.decode import Decoded, decode
from imagesearch.images.orientation import Area
from imagesearch.keys import Key
from imagesearch.metrics import QUERY_VECTORS
from imagesearch.models.registry import takes_text
from imagesearch.types import PixelBatch, Pixels, Vector, Vectors
from serve_app.flips import VIEWS, flipped
from serve_app.originals import Originals
from serve_app.queries import CompareForm, CompareQuery, PictureQuery, Region, SearchForm, SearchQuery, WeightedQuery
from serve_app.services import Services
from serve_app.sides import about
from serve_app.timing import Timing

KINDS = ("image_path", "image_base64", "milvus_id", "vector", "text")


@dataclass(frozen=True, slots=True)
class Upload:
    """The bytes of a form's file, and which part of that picture."""

    data: bytes
    region: Region | None = None


@dataclass(frozen=True, slots=True)
class QueryPicture:
    """What is searched by, as a picture: its bytes, or the milvus_id of a stored one; and which part of it.

    `decoded`: the picture, with as many pixels as the model needs of it, where it was decoded for that.
    """

    data: bytes | None
    milvus_id: int | None
    region: Region | None
    decoded: Decoded | None


@dataclass(slots=True)
class Read:
    """What had to be read of a query's picture to have its vector; `begin` is told of the picture before that is worked out."""

    begin: Callable[[QueryPicture], None]
    data: bytes | None = None
    decoded: Decoded | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """A picture's place in the cache of vectors, and those that it holds; or the picture and its views as the model takes them."""

    key: bytes
    remembered: Vectors | None
    pixels: PixelBatch | None
    decoded: Decoded | None


class QueryVectors:
    """Makes the vectors of queries. All its methods raise InputError unless each picture is named in exactly one way, UnknownImage
    also for what the caller may not see, NoTextSearch, ImageError, SourceError, ModelError, StoreError, Overloaded.
    """

    def __init__(self, services: Services) -> None:
        self._services = services
        self._stores = services.stores
        self._originals = Originals(services)

    async def of(
        self, query: SearchForm | SearchQuery, caller: Key, timing: Timing, begin: Callable[[QueryPicture], None]
    ) -> tuple[Vectors, Sequence[str], QueryPicture | None]:
        """Return vectors of length 1, any of which may be near, and the names of the views of the picture that they are of; and
        that picture, None where there is none or more than one. Where the model has to see it `begin` is called with it before.
        """
        if isinstance(query, SearchQuery) and query.queries is not None:
            _check_one(query, (*KINDS, "queries"))
            if query.region is not None or query.flips:
                name = "flips" if query.flips else "region"
                raise _wrong(name, "goes with one picture, not beside queries")
            sides = [f"queries.{place}" for place in range(len(query.queries))]
            each = await self._embedded(query.queries, caller, timing, sides=sides)
            return _sum(np.concatenate(each), query.queries)[None], VIEWS[:1], None
        if isinstance(query, SearchQuery):
            _check_one(query, (*KINDS, "queries"))
        one = query if isinstance(query, SearchQuery) else Upload(query.file, query.region)
        read = Read(begin)
        (vectors,) = await self._embedded([one], caller, timing, flips=query.flips, read=read)
        stored = one.milvus_id if isinstance(one, SearchQuery) else None
        is_picture = read.data is not None or stored is not None
        picture = QueryPicture(read.data, stored, one.region, read.decoded) if is_picture else None
        return vectors, VIEWS[: len(vectors)], picture

    async def pair(self, query: CompareForm | CompareQuery, caller: Key, timing: Timing) -> Vectors:
        """Return the two vectors, float32, shape (2, dim)."""
        both: list[PictureQuery | Upload]
        both = [Upload(query.first), Upload(query.second)] if isinstance(query, CompareForm) else [query.first, query.second]
        return np.concatenate(await self._embedded(both, caller, timing, sides=("first", "second")))

    async def _embedded(
        self,
        queries: Sequence[PictureQuery | Upload],
        caller: Key,
        timing: Timing,
        *,
        flips: bool = False,
        read: Read | None = None,
        sides: Sequence[str] = (),
    ) -> list[Vectors]:
        """Return the vectors of each query, one or one a view; all pictures are embedded in one call, and all texts.

        What had to be read of the only one is put into `read`; of several each has its name among the `sides`.
        """
        known: dict[int, Vectors] = {}
        pictures: dict[int, tuple[bytes, PixelBatch]] = {}
        texts: dict[int, tuple[bytes, str]] = {}
        for place, query in enumerate(queries):
            with about(sides[place] if sides else None):
                vector = await self._known(query, caller, timing, flips)
                if vector is not None:
                    known[place] = vector[None]
                    continue
                text = self._text(query, flips)
                data = text.encode() if text is not None else await self._bytes(query, caller, timing)
                if text is not None:
                    key, remembered = await self._services.cache.run(self._remembered, data, "text", flips)
                    if remembered is None:
                        texts[place] = key, text
                else:
                    if read is not None:
                        read.data = data
                    with timing.stage("decode"):
                        prepared = await self._services.decode.run(self._prepared, data, query.region, flips)
                    key, remembered = prepared.key, prepared.remembered
                    if prepared.pixels is not None:
                        pictures[place] = key, prepared.pixels
                    if read is not None and prepared.decoded is not None:
                        read.decoded = prepared.decoded
                        read.begin(QueryPicture(data, None, query.region, prepared.decoded))
                if remembered is not None:
                    known[place] = remembered
                self._services.meter.record(QUERY_VECTORS, 1, source="embedded" if remembered is None else "remembered")
        if pictures:
            with timing.stage("embed"):
                embedded = await self._services.embedder.embed(np.concatenate([pixels for _, pixels in pictures.values()]))
            timing.embedded = embedded
            ends = np.cumsum([len(pixels) for _, pixels in pictures.values()])[:-1]
            known |= self._remember(pictures, np.split(embedded.vectors, ends))
        if texts:
            with timing.stage("embed"):
                embedded = await self._services.embedder.embed_texts([text for _, text in texts.values()])
            timing.embedded = embedded
            known |= self._remember(texts, np.split(embedded.vectors, len(texts)))
        return [known[place] for place in range(len(queries))]

    def _remember(self, fresh: Mapping[int, tuple[bytes, object]], vectors: Sequence[Vectors]) -> dict[int, Vectors]:
        """Put the vectors under their keys into the cache, for which nobody waits, and return them by place."""
        embedded = dict(zip(fresh, vectors, strict=True))
        for place, (key, _) in fresh.items():
            self._services.cache.later(self._stores.remembered.put, key, embedded[place])
        return embedded

    def _text(self, query: PictureQuery | Upload, flips: bool) -> str | None:
        """Return the text that is searched by, if it is one. Raises NoTextSearch, and InputError for what only pictures have."""
        if isinstance(query, Upload) or query.text is None:
            return None
        if query.region is not None or flips:
            raise _wrong("text", "is no picture: region and flips need one")
        model = self._stores.fingerprint.model
        if not takes_text(model):
            message = f"the model {model} takes pictures only"
            raise NoTextSearch(f"text: {message}", errors=[{"field": "text", "message": message}])
        return query.text

    def _remembered(self, data: bytes, part: str, flips: bool) -> tuple[bytes, Vectors | None]:
        """Return what the vectors depend on, in 32 bytes, and the vectors where they were embedded before."""
        about = f"{self._stores.fingerprint}|{part}|{flips}|".encode()
        key = hashlib.sha256(about + hashlib.sha256(data).digest()).digest()
        return key, self._stores.remembered.get(key, self._stores.fingerprint.dim)

    async def _known(self, query: PictureQuery | Upload, caller: Key, timing: Timing, flips: bool) -> Vector | None:
        """Return the vector of a query that has one; None: its picture must be embedded."""
        if isinstance(query, Upload):
            return None
        _check_one(query, KINDS)
        whole = query.region is None and not flips
        if query.vector is not None:
            if not whole:
                raise _wrong("vector", "is no picture: region and flips need one")
            return given(query.vector, self._stores.fingerprint.dim)
        if query.milvus_id is None or not whole:
            return None
        with timing.stage("search"):
            # A vector may outlive its picture for a while; the catalog says which exist.
            entry = await self._services.entry(query.milvus_id, caller)
            vectors = await self._services.milvus.run(self._stores.index.fetch, [entry.milvus_id])
        if entry.milvus_id not in vectors:
            raise UnknownImage(f"the picture {entry.milvus_id} has no vector of this model")
        return vectors[entry.milvus_id]

    async def _bytes(self, query: PictureQuery | Upload, caller: Key, timing: Timing) -> bytes:
        if isinstance(query, Upload):
            return query.data
        with timing.stage("decode"):
            if query.milvus_id is not None:
                return await self._originals.read(await self._services.entry(query.milvus_id, caller))
            if query.image_path is not None:
                return await self._services.read.run(self._stores.sources.read, query.image_path)
            return await self._services.decode.run(_from_base64, query.image_base64 or "")

    def _prepared(self, data: bytes, region: Region | None, flips: bool) -> Prepared:
        # In the thread that decodes: the cache answers within a fraction of what another thread would take to be woken.
        key, remembered = self._remembered(data, _named(region), flips)
        if remembered is not None:
            return Prepared(key, remembered, None, None)
        pixels, decoded = self._decoded(data, region)
        return Prepared(key, None, flipped(pixels) if flips else pixels[None], decoded)

    def _decoded(self, data: bytes, region: Region | None) -> tuple[Pixels, Decoded]:
        preprocess = self._stores.preprocess
        if region is None:
            decoded = decode(data, self._services.images, preprocess.at_least)
            return preprocess(decoded.rgb, decoded.area), decoded
        # A part must keep as many pixels as a whole picture has to.
        decoded = decode(data, self._services.images, math.ceil(preprocess.at_least / min(region.w, region.h)))
        return preprocess(decoded.rgb, within(decoded.area, region)), decoded


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


def _sum(vectors: Vectors, queries: Sequence[WeightedQuery]) -> Vector:
    """Return the direction of the weighted sum. Raises InputError where the pictures cancel each other out."""
    summed = np.asarray([query.weight for query in queries]) @ vectors.astype(np.float64)
    length = np.linalg.norm(summed)
    if length < 1e-6:
        raise _wrong("queries", "add up to nothing: give weights that leave a direction")
    unit: Vector = (summed / length).astype(np.float32)
    return unit


def _named(region: Region | None) -> str:
    return "" if region is None else region.model_dump_json()


def within(area: Area, region: Region) -> Area:
    """Return the region of a picture that covers this area."""
    left, top, right, bottom = area
    x, y = left + region.x * (right - left), top + region.y * (bottom - top)
    return x, y, min(right, x + region.w * (right - left)), min(bottom, y + region.h * (bottom - top))


def _from_base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as exc:
        raise _wrong("image_base64", "is not standard base64") from exc


def _check_one(query: PictureQuery, kinds: Sequence[str]) -> None:
    asked = [name for name in kinds if getattr(query, name) is not None]
    if len(asked) != 1:
        message = f"give exactly one of {', '.join(kinds)}"
        raise InputError(message, errors=[{"field": name, "message": message} for name in asked or kinds])


def _wrong(field: str, message: str) -> InputError:
    return InputError(f"{field}: {message}", errors=[{"field": field, "message": message}])
