"""The roles that the core talks to, as protocols: what each promises about order, repetition and errors."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from imagesearch.types import Announcement, Embedded, Fingerprint, Hit, IndexRow, LogRow, PixelBatch, Vector, Vectors


class SourceReader(Protocol):
    """Reads the bytes behind an `image_path`."""

    def read(self, image_path: str) -> bytes:
        """Return all bytes, never more than the byte limit. Thread-safe.

        Raises SourceError (or one of its kinds), TooManyBytes, EmptyImage.
        """

    def close(self) -> None:
        """Release connections; reading afterwards is an error."""


class BlobPlace(Protocol):
    """Keeps uploaded bytes under the hash of their content."""

    def put(self, data: bytes, content_hash: str) -> str:
        """Store `data` and return its `image_path`; the same bytes again are the same path and no second copy.

        The path is returned only once a reader can see all of it. Raises StoreUnavailable, StoreError.
        """

    def ping(self) -> None:
        """Raise StoreUnavailable when nothing could be stored now."""


class DerivedPlace(Protocol):
    """Keeps what was made of pictures, and can be made again, by names with slashes in them. Thread-safe."""

    def put(self, name: str, data: bytes) -> None:
        """Store the bytes in the place of what was there; a reader sees all of them or none. Raises StoreUnavailable."""

    def get(self, name: str, max_bytes: int) -> bytes | None:
        """Return the bytes, None where there are none or more than so many. Raises StoreUnavailable."""

    def has(self, name: str) -> bool:
        """Say whether something is kept under the name. Raises StoreUnavailable."""

    def delete(self, name: str) -> None:
        """Remove it, if it is there. Raises StoreUnavailable."""

    def names(self, prefix: str) -> Iterator[str]:
        """Yield what is kept under names that begin with `prefix` and a slash, in no order. Raises StoreUnavailable."""


class Backbone(Protocol):
    """A network on its device: prepared pixels in, raw features out."""

    device: str
    runtime: str

    def forward(self, pixels: PixelBatch) -> Vectors:
        """Map uint8 (n, height, width, 3) to float32 (n, dim), row by row, not yet normalised."""


class TextEncoder(Protocol):
    """A model's text tower: texts to embeddings in the space of its pictures. Used by one thread at a time."""

    batch: int

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one embedding a text, in order, at most `batch` in one forward pass.

        Raises EmbeddingFailed; where one text is the cause, `data["row"]` is its index.
        """


class VectorIndex(Protocol):
    """The vectors of one model, by `milvus_id`."""

    def upsert(self, rows: Sequence[IndexRow], vectors: Vectors) -> None:
        """Write vectors under their ids; an id that is there already is replaced. Searchable when this returns."""

    def search(
        self, vector: Vector, top_k: int, namespace: str, created: tuple[int, int] | None = None, effort: int | None = None
    ) -> list[Hit]:
        """Return up to `top_k` hits of the namespace, best score first; `created`: only those of these Unix seconds, both included.

        `effort` says how far an approximate index looks, in its own measure; None: as it is set.
        An index may be approximate: where it holds few that are asked for among many, it may return fewer than there are.
        """

    def fetch(self, ids: Collection[int]) -> dict[int, Vector]:
        """Return the vectors of those ids that have one, exactly as they were written."""

    def delete(self, ids: Collection[int]) -> None:
        """Remove the vectors of these ids; an id without one is no error."""


class VectorInventory(Protocol):
    """What the audit asks of a vector index, beside VectorIndex."""

    def ids_between(self, after: int, upto: int) -> Iterator[int]:
        """Yield the distinct ids in (after, upto], in no order."""

    def count_between(self, after: int, upto: int) -> int:
        """Count the stored rows with an id in (after, upto], doubles included."""

    def count(self) -> int:
        """Count all stored rows."""


class Leases(Protocol):
    """Claims on add-log rows, so that two loaders do not embed the same row. A hint: never needed for correctness."""

    def claim(self, log_ids: Sequence[int]) -> set[int]:
        """Return the ids that are ours now; others hold the rest. With the store gone all are granted, and counted."""

    def renew(self, log_ids: Collection[int]) -> None:
        """Extend what we still hold."""

    def release(self, log_ids: Collection[int]) -> None:
        """Give back what we still hold; never another owner's."""


class Announcer(Protocol):
    """Tells the loaders of rows that were committed to the add-log. A hint: never needed for correctness."""

    def announce(self, rows: Iterable[LogRow]) -> None:
        """Hand over those of the rows that are pending and return at once; what cannot be delivered is counted and dropped.

        Never raises. Thread-safe. Announcing a row twice is harmless.
        """

    def ping(self) -> None:
        """Raise StoreUnavailable when the stream does not answer."""

    def close(self) -> None:
        """Wait a bounded time for what is on its way; nothing is announced afterwards."""


class Announcements(Protocol):
    """The announced rows, as one member of a group that shares them. Used by one thread."""

    def take(self, limit: int, timeout_s: float) -> list[Announcement]:
        """Return up to `limit` announcements, in order within a partition, after `timeout_s` at the latest; [] for none.

        One may come again, to this member or another, until it was finished. Raises StoreUnavailable when nothing came and the
        stream reported why; it recovers by itself.
        """

    def finish(self, announcements: Iterable[Announcement]) -> None:
        """Never hear of these again, once those before them in their partition are finished, too."""

    def idle(self) -> None:
        """Stay a member of the group while nothing is taken."""

    def close(self) -> None:
        """Leave the group; what was not finished goes to others."""


class Embedder(Protocol):
    """Prepared pictures to embeddings, from within an event loop, wherever the model runs."""

    fingerprint: Fingerprint

    async def embed(self, pixels: PixelBatch) -> Embedded:
        """Return one embedding a picture, in order. Raises ModelError, Overloaded."""

    async def embed_texts(self, texts: Sequence[str]) -> Embedded:
        """Return one embedding a text, in order. Raises NoTextSearch where the model has no text tower, ModelError, Overloaded."""


class Rates(Protocol):
    """Counts requests against a limit that all replicas share."""

    def take(self, caller: str, per_minute: int) -> None:
        """Count one request of this caller. Raises RateLimited; StoreUnavailable where the settings ask for that."""

    def close(self) -> None:
        """Close the connection."""


class VectorCache(Protocol):
    """Vectors of pictures that were searched by. A hint: what it does not hold is embedded."""

    def get(self, key: bytes, dim: int) -> Vectors | None:
        """Return the vectors, shape (n, dim), that were put under this key of 32 bytes; None where none are left. Never raises."""

    def put(self, key: bytes, vectors: Vectors) -> None:
        """Keep the vectors for a while. Never raises."""

    def close(self) -> None:
        """Close the connection."""


class ImportReaders(Protocol):
    """Whoever reads the sources of imports, for as long as there is something to read."""

    def wake(self) -> None:
        """Have them look for what waits, and start them where nobody is there. Raises StoreUnavailable."""

    def close(self) -> None:
        """Take no more calls; readers elsewhere go on."""


class Pinged(Protocol):
    """Anything whose health can be asked."""

    def ping(self) -> None:
        """Raise StoreUnavailable when the store does not answer."""


JsonObject = Mapping[str, object]
