"""The features of stored pictures: remembered in bounded memory, else as a load kept them, else made from the picture's bytes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Lock

from cachetools import LRUCache

from imagesearch.errors import StoreError
from imagesearch.images.decode import decode
from imagesearch.images.features import SIDE, Features, features_of
from imagesearch.images.kept_features import KeptFeatures
from imagesearch.types import CatalogEntry
from serve_app.letting_go import let_go
from serve_app.originals import Originals
from serve_app.services import Services

logger = logging.getLogger(__name__)

# Calls that read what is kept for one search, at once; each reads every so-manieth, so that the nearest come first.
READS = 8

Reading = Mapping[str, asyncio.Task[Mapping[str, Features]]]
"""By content hash, the call that reads what is kept of a picture, among others."""


class KnownFeatures:
    """Gives the features of catalogued pictures; the same bytes have the same features, so that nothing here grows old."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._originals = Originals(services)
        self._kept = services.stores.features
        # As a load decodes it, so that a picture has the same features wherever they come from.
        self._at_least = max(SIDE, services.stores.preprocess.at_least)
        self._known: LRUCache[str, Features] = LRUCache(services.verify.cache_bytes, getsizeof=lambda features: features.nbytes)
        self._lock = Lock()

    @contextmanager
    def reading(self, entries: Sequence[CatalogEntry]) -> Iterator[Reading]:
        """Read meanwhile what is kept of these pictures and not remembered; what has not begun at the end is dropped."""
        with self._lock:
            unknown = [one for one in entries if one.facts.content_hash not in self._known]
        kept, run = self._kept, self._services.pools["features"].run
        parts = [] if kept is None else [part for start in range(READS) if (part := unknown[start::READS])]
        tasks = [] if kept is None else [asyncio.create_task(run(self._read, kept, part)) for part in parts]
        try:
            yield {one.facts.content_hash: task for part, task in zip(parts, tasks, strict=True) for one in part}
        finally:
            let_go(tasks)

    async def of(self, entry: CatalogEntry, reading: Reading) -> Features:
        """Return a picture's features. Raises SourceError where its bytes cannot be had, ImageError, Overloaded."""
        content_hash = entry.facts.content_hash
        with self._lock:
            known = self._known.get(content_hash)
        if known is not None:
            return known
        if content_hash in reading:
            # Shielded: who gives up here must not take it from the others.
            kept = (await asyncio.shield(reading[content_hash])).get(content_hash)
            if kept is not None:
                return kept
        data = await self._originals.read(entry)
        return await self._services.pools["verify"].run(self._made, data, content_hash)

    def _read(self, kept: KeptFeatures, entries: Sequence[CatalogEntry]) -> Mapping[str, Features]:
        """Return the kept features of those pictures that have them; where the place does not answer, of none."""
        found: dict[str, Features] = {}
        try:
            for entry in entries:
                features = kept.get(entry.namespace, entry.facts.content_hash)
                if features is not None:
                    found[entry.facts.content_hash] = features
                    self._remember(entry.facts.content_hash, features)
        except StoreError as exc:
            # A hint: they are made anew.
            logger.warning("verified without kept features: %s", exc.detail, extra={"code": exc.code})
        return found

    def _made(self, data: bytes, content_hash: str) -> Features:
        features = features_of(decode(data, self._services.images, self._at_least).rgb)
        # Put here, in the thread: a search whose time is over does not wait for it, and the next one has it.
        self._remember(content_hash, features)
        return features

    def _remember(self, content_hash: str, features: Features) -> None:
        with self._lock:
            if features.nbytes <= self._known.maxsize:
                self._known[content_hash] = features
