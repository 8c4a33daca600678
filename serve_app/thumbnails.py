"""Small copies of catalogued pictures."""

from __future__ import annotations

from imagesearch.images.thumbnail import thumbnail
from imagesearch.types import CatalogEntry
from serve_app.originals import Originals
from serve_app.services import Services


class ThumbnailService:
    """Makes thumbnails; keeps none, callers cache them by their ETag."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._originals = Originals(services)

    @staticmethod
    def etag(entry: CatalogEntry, size: int) -> str:
        """Return the strong ETag: the same picture and size are always the same bytes."""
        return f'"{entry.facts.content_hash}-{size}"'

    async def render(self, entry: CatalogEntry, size: int) -> bytes:
        """Return a WebP of at most `size` pixels a side. Raises SourceError where the picture's bytes cannot be had."""
        data = await self._originals.read(entry)
        return await self._services.decode.run(thumbnail, data, self._services.images, size)
