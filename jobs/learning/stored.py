"""The collection itself as what copies are held against."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from cachetools import LRUCache
from PIL import Image

from config.settings import Settings
from imagesearch.errors import ImageSearchError, StoreError
from imagesearch.images.features import Features, features_of
from imagesearch.stores.factory import Stores
from imagesearch.types import CatalogEntry, Vector
from jobs.evaluation.sample import pixels_of
from jobs.learning.pictures import Scored

# What the catalog says of a picture is some kilobytes at most.
ENTRIES = 5000


class Stored:
    """Implements jobs.learning.pictures.Pictures for one namespace; memory is bounded. Raises StoreError."""

    def __init__(self, settings: Settings, stores: Stores, namespace: str) -> None:
        self._settings = settings
        self._stores = stores
        self._namespace = namespace
        self._entries: LRUCache[int, CatalogEntry] = LRUCache(ENTRIES)
        size = settings.verify.cache_bytes
        self._features: LRUCache[int, Features] = LRUCache(size, getsizeof=lambda features: features.nbytes)

    def nearest(self, vector: Vector, count: int) -> Scored:
        """Ask the index as it is set."""
        hits = self._stores.index.search(vector, count, self._namespace)
        known = self._known([hit.milvus_id for hit in hits])
        return [(hit.milvus_id, hit.score) for hit in hits if hit.milvus_id in known]

    def near(self, perceptual_hash: int, vector: Vector) -> Scored:
        """Ask the index of hashes, where there is one, as a search that verifies does."""
        most, bits = self._settings.verify.hash_candidates, self._settings.verify.hash_bits
        if self._stores.hashes is None or not most:
            return []
        found = self._stores.hashes.search(f"{perceptual_hash:064x}", most, self._namespace)
        known = self._known([one.milvus_id for one in found if one.bits <= bits])
        vectors = self._stores.index.fetch(known)
        scored = [(one, float(np.clip(theirs @ vector, -1, 1))) for one, theirs in vectors.items()]
        return sorted(scored, key=lambda one: -one[1])

    def features(self, picture: int) -> Features | None:
        """Return a picture's features, made of its bytes when they are first needed."""
        known = self._features.get(picture)
        if known is not None:
            return known
        entry = self._known([picture]).get(picture)
        if entry is None:
            return None
        try:
            made = features_of(Image.fromarray(pixels_of(entry, self._stores.sources, self._settings.images)))
        except StoreError:
            raise
        except ImageSearchError:
            return None
        if made.nbytes <= self._features.maxsize:
            self._features[picture] = made
        return made

    def hash_of(self, picture: int) -> int:
        """Return the perceptual hash of a picture that was told of; of one that was deleted since, that of none."""
        entry = self._known([picture]).get(picture)
        return 0 if entry is None else int(entry.facts.perceptual_hash, 16)

    def _known(self, ids: Collection[int]) -> dict[int, CatalogEntry]:
        known = {one: self._entries[one] for one in ids if one in self._entries}
        more = [one for one in ids if one not in known]
        if more:
            read = self._stores.catalog.entries(more)
            self._entries.update(read)
            known |= read
        return known
