"""The vocabulary: the values that travel between the parts, in numpy and the standard library only."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
"""A picture prepared for the model: uint8, shape (height, width, 3), RGB."""

PixelBatch = NDArray[np.uint8]
"""Prepared pictures: uint8, shape (n, height, width, 3), RGB."""

Vector = NDArray[np.float32]
"""One embedding: float32, shape (dim,), L2 norm 1."""

Vectors = NDArray[np.float32]
"""Embeddings: float32, shape (n, dim), each row of L2 norm 1."""

DEFAULT_NAMESPACE = "default"
NAMESPACE_PATTERN = r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$"

MAX_ID = 2**63 - 1
"""The largest id that SQL's BIGINT and Milvus's INT64 hold."""


class LogState(StrEnum):
    """What became of an add request; every state but `pending` is final until someone retries it."""

    PENDING = "pending"
    LOADED = "loaded"
    DUPLICATE = "duplicate"
    FAILED = "failed"


class ImportState(StrEnum):
    """How far the reading of an import's source is, and whether its rows are loaded.

    `pending`: nobody reads it yet; `running`: someone does; `done`: read to its end; `failed`: broken off, and may be resumed.
    The waiting rows of a `paused` one are left alone, those of a `cancelled` one are failed. What is done may yet be paused or
    cancelled while rows of it wait.
    """

    PENDING = "pending"
    RUNNING = "running"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    DONE = "done"
    FAILED = "failed"


class PictureState(StrEnum):
    """`loading`: interned, perhaps without a vector; `searchable`: it has one; `deleted`: out of every answer."""

    LOADING = "loading"
    SEARCHABLE = "searchable"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Embedded:
    """Embeddings, a row each, and what made them: torch, onnx or numpy, on cpu or cuda.

    `cold`: a stand-in did, while the embedder's own replicas were starting.
    """

    vectors: Vectors
    runtime: str
    device: str
    cold: bool = False


class AddRequest(NamedTuple):
    """One request to add a picture. `image_path` is a path, file://, s3:// or http(s):// URI; `info` is JSON.

    A tuple, like its row: it is made in a third of the time, and a batch has a thousand.
    """

    image_path: str
    info: Mapping[str, Any] = MappingProxyType({})
    namespace: str = DEFAULT_NAMESPACE
    idempotency_key: str | None = None
    import_id: int | None = None


@dataclass(frozen=True, slots=True)
class Content:
    """Which bytes a picture is."""

    milvus_id: int
    namespace: str
    content_hash: str
    state: PictureState


class LogRow(NamedTuple):
    """One row of the add-log. Times are timezone-aware UTC."""

    log_id: int
    namespace: str
    image_path: str
    info: Mapping[str, Any]
    state: LogState
    milvus_id: int | None
    attempts: int
    error_code: str | None
    error_detail: str | None
    create_time: datetime
    load_time: datetime | None


@dataclass(frozen=True, slots=True)
class Announcement:
    """The news that a row was added, and where in the stream it stood; `turn` counts how often its partition was given out."""

    log_id: int
    partition: int
    offset: int
    turn: int


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a source was read: `position` lines of that `version` of it, the last of them called `place`."""

    version: str = ""
    position: int = 0
    place: str = ""


@dataclass(frozen=True, slots=True)
class Import:
    """A bulk import and what was read so far: `added` rows are new, `known` ones were added before, `skipped` ones are no pictures
    or bad lines, `bad` the latter alone. `trusted`: asked for by who may read the machine's files. `total`: lines, as far as known.
    """

    import_id: int
    namespace: str
    source: str
    trusted: bool
    state: ImportState
    added: int
    known: int
    skipped: int
    bad: int
    total: int | None
    cursor: Cursor
    error_code: str | None
    error_detail: str | None
    create_time: datetime
    start_time: datetime | None
    read_time: datetime | None
    beat_time: datetime | None


@dataclass(frozen=True, slots=True)
class PictureFacts:
    """What the bytes alone say of a picture; width and height in pixels after EXIF orientation."""

    content_hash: str
    width: int
    height: int
    format: str
    byte_size: int
    perceptual_hash: str


@dataclass(frozen=True, slots=True)
class Source:
    """A place where a picture was seen, and what was said of it there."""

    image_path: str
    info: Mapping[str, Any]
    log_id: int
    create_time: datetime


@dataclass(frozen=True, slots=True)
class CatalogEntry:
    """A distinct picture with its sources, oldest first."""

    milvus_id: int
    namespace: str
    facts: PictureFacts
    state: PictureState
    create_time: datetime
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class IndexProgress:
    """How far an index is: `waiting` of `rows` are not in it yet. Searches find them, but compare them one by one.

    `built`: none waits, and nothing is being merged or built.
    """

    rows: int
    waiting: int
    built: bool

    def __add__(self, other: IndexProgress) -> IndexProgress:
        """Two indexes as one."""
        return IndexProgress(self.rows + other.rows, self.waiting + other.waiting, self.built and other.built)


@dataclass(frozen=True, slots=True)
class Hit:
    """One answer of the vector index; `score` is cosine similarity in [-1, 1] whatever the index's metric."""

    milvus_id: int
    score: float


@dataclass(frozen=True, slots=True)
class Near:
    """One answer of the index of perceptual hashes: a picture whose hash differs in `bits` bits."""

    milvus_id: int
    bits: int


@dataclass(frozen=True, slots=True)
class Calibrated:
    """What a search of the index finds of the true `top_k` nearest, on average over `queries`, with `effort` in its own measure."""

    effort: int
    recall: float
    top_k: int
    queries: int
    vectors: int
    create_time: datetime


@dataclass(frozen=True, slots=True)
class LearnedJoin:
    """A join of evidence, as imagesearch.join writes it, that was learned on a collection's own pictures.

    `pictures` are those that it was judged by, `loss` its mean logarithmic loss on them, in nats. `version` is given by the store.
    """

    document: str
    pictures: int
    loss: float
    create_time: datetime
    version: int = 0


@dataclass(frozen=True, slots=True)
class IndexRow:
    """One row to upsert into the vector index, beside its vector; `create_time` in Unix seconds."""

    milvus_id: int
    namespace: str
    create_time: int


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What makes two vectors comparable: the model, its weights, its preprocessing and its dimension."""

    model: str
    weights_digest: str
    preprocess: str
    dim: int

    def __str__(self) -> str:
        return f"{self.model}/{self.dim}/{self.weights_digest[:12]}/{self.preprocess}"

    @property
    def collection(self) -> str:
        """The Milvus collection of this model: letters, digits and underscores only, 255 at most."""
        return "images_" + re.sub(r"[^A-Za-z0-9]+", "_", str(self))[:240]


@dataclass(frozen=True, slots=True)
class InfoKey:
    """A key of `info` that can be filtered by; `kinds`: boolean, number, text. `values`: its texts, where they are few."""

    name: str
    kinds: tuple[str, ...]
    values: tuple[str, ...]
