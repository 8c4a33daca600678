"""The perceptual hashes of all pictures, whatever the model: a collection of its own, by Hamming distance."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import numpy as np

from config.sections import MilvusSettings
from imagesearch.images.hashes import HASH_SIDE
from imagesearch.stores.milvus.collection import is_binary, unpacked
from imagesearch.stores.milvus.index import MilvusIndex
from imagesearch.types import Fingerprint, Hit, IndexProgress, IndexRow, Near, Vector, Vectors

BITS = HASH_SIDE**2


class HashIndex:
    """Implements ports.VectorInventory beside its own calls; the collection is made on first use. Thread-safe.

    A hash is a vector of BITS numbers, each 1/16 or -1/16: the cosine of two tells in how many bits they differ, exactly, so that
    stores without binary vectors give the same answer as those with them.
    """

    def __init__(self, settings: MilvusSettings) -> None:
        binary = settings.hash_index.startswith("BIN_")
        changed = {
            "index": settings.hash_index,
            "metric": "HAMMING" if binary else "IP",
            "index_params": settings.hash_params,
            "search_params": {},
        }
        ours = settings.model_copy(update=changed)
        # Bits and numbers are collections of different shapes: whoever changes the setting has a new one, which an audit fills.
        self._index = MilvusIndex(ours, Fingerprint("hashes", "dct", "bits" if is_binary(ours) else "numbers", BITS))
        self.collection = self._index.collection

    def upsert(self, rows: Sequence[IndexRow], hashes: Sequence[str]) -> None:
        """Write hashes, each of 64 hexadecimal digits, under their ids and return once a search finds them."""
        if rows:
            vectors: Vectors = np.stack([unpacked(bytes.fromhex(one)) for one in hashes])
            self._index.upsert(rows, vectors)

    def search(self, perceptual_hash: str, top_k: int, namespace: str, created: tuple[int, int] | None = None) -> list[Near]:
        """Return up to `top_k` pictures of the namespace, nearest first, created in these Unix seconds."""
        hits = self._index.search(unpacked(bytes.fromhex(perceptual_hash)), top_k, namespace, created)
        return _near(hits)

    def search_many(self, perceptual_hashes: Sequence[str], top_k: int, namespace: str) -> list[list[Near]]:
        """Do what `search` does for each of the hashes, at least one, in one request."""
        vectors = [unpacked(bytes.fromhex(one)) for one in perceptual_hashes]
        return [_near(hits) for hits in self._index.search_many(vectors, top_k, namespace)]

    def fetch(self, ids: Collection[int]) -> dict[int, Vector]:
        """Return the hashes, as vectors, of those ids that have one."""
        return self._index.fetch(ids)

    def delete(self, ids: Collection[int]) -> None:
        """Remove the hashes of these ids; an id without one is no error."""
        self._index.delete(ids)

    def ids_between(self, after: int, upto: int) -> Iterator[int]:
        """Yield the distinct ids in (after, upto], in no order."""
        return self._index.ids_between(after, upto)

    def count_between(self, after: int, upto: int) -> int:
        """Count the stored rows with an id in (after, upto], doubles included."""
        return self._index.count_between(after, upto)

    def count(self) -> int:
        """Count all stored rows."""
        return self._index.count()

    def seal(self) -> None:
        """Have an index built for all that was written."""
        self._index.seal()

    def progress(self) -> IndexProgress:
        """Say how far the index is."""
        return self._index.progress()

    def close(self) -> None:
        """Close the connection."""
        self._index.close()


def _near(hits: Sequence[Hit]) -> list[Near]:
    return [Near(hit.milvus_id, round((1.0 - hit.score) * BITS / 2)) for hit in hits]
