"""What stored pictures look like, as far as they are held against each other: made from their bytes, in bounded memory."""

from __future__ import annotations

from dataclasses import dataclass

from cachetools import LRUCache

from config.sections import ImageSettings
from imagesearch.errors import ImageError, SourceError
from imagesearch.images import difference, features
from imagesearch.images.decode import decode
from imagesearch.images.difference import in_colours
from imagesearch.images.features import Features, features_of
from imagesearch.images.originals import original_of
from imagesearch.ports import SourceReader
from imagesearch.types import CatalogEntry, Pixels

# Some hundred pictures: the neighbours of a page are often each other's.
CACHE_BYTES = 64 * 2**20
# Either copy of it is made from no fewer pixels than it has.
AT_LEAST = max(difference.SIDE, features.SIDE)


@dataclass(frozen=True, slots=True)
class Look:
    """A picture's local features, and a small copy of it in colours."""

    features: Features
    colours: Pixels

    @property
    def nbytes(self) -> int:
        """Memory that it takes, about."""
        return self.features.nbytes + self.colours.nbytes


class Looks:
    """Gives the looks of catalogued pictures; `unread` counts those that could not be read, once as long as it is remembered."""

    def __init__(self, sources: SourceReader, limits: ImageSettings) -> None:
        self._sources = sources
        self._limits = limits
        self._known: LRUCache[int, Look | None] = LRUCache(CACHE_BYTES, getsizeof=lambda one: 1 if one is None else one.nbytes)
        self.unread = 0

    def of(self, entry: CatalogEntry) -> Look | None:
        """Return a picture's look, None where its bytes cannot be had or read. Raises StoreError."""
        if entry.milvus_id not in self._known:
            self._known[entry.milvus_id] = self._made(entry)
        return self._known[entry.milvus_id]

    def _made(self, entry: CatalogEntry) -> Look | None:
        try:
            rgb = decode(original_of(entry, self._sources), self._limits, AT_LEAST).rgb
        except (SourceError, ImageError):
            self.unread += 1
            return None
        return Look(features_of(rgb), in_colours(rgb))
