"""The features of stored pictures: remembered in bounded memory, else made from the picture's bytes."""

from __future__ import annotations

from threading import Lock

from cachetools import LRUCache

from imagesearch.images.decode import decode
from imagesearch.images.features import SIDE, Features, features_of
from imagesearch.types import CatalogEntry
from serve_app.originals import Originals
from serve_app.services import Services


class KnownFeatures:
    """Gives the features of catalogued pictures; the same bytes have the same features, so that nothing here grows old."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._originals = Originals(services)
        self._known: LRUCache[str, Features] = LRUCache(services.verify.cache_bytes, getsizeof=lambda features: features.nbytes)
        self._lock = Lock()

    async def of(self, entry: CatalogEntry) -> Features:
        """Return a picture's features. Raises SourceError where its bytes cannot be had, ImageError, Overloaded."""
        with self._lock:
            known = self._known.get(entry.facts.content_hash)
        if known is not None:
            return known
        data = await self._originals.read(entry)
        return await self._services.pools["verify"].run(self._made, data, entry.facts.content_hash)

    def _made(self, data: bytes, content_hash: str) -> Features:
        features = features_of(decode(data, self._services.images, SIDE).rgb)
        # Put here, in the thread: a search whose time is over does not wait for it, and the next one has it.
        with self._lock:
            if features.nbytes <= self._known.maxsize:
                self._known[content_hash] = features
        return features
