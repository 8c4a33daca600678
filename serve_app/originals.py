"""The bytes of catalogued pictures, from whichever of their sources still holds them."""

from __future__ import annotations

from imagesearch.errors import EmptyImage, SourceError, SourceNotFound, TooManyBytes
from imagesearch.images.hashes import content_hash
from imagesearch.types import CatalogEntry
from serve_app.services import Services

# Each may be a slow server; the oldest sources are the likeliest to be our own storage.
SOURCES_TRIED = 5


class Originals:
    """Reads pictures as they were loaded."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def read(self, entry: CatalogEntry) -> bytes:
        """Return the picture's bytes.

        Raises the last SourceError where no source can be read, SourceNotFound where all hold other bytes by now.
        """
        error: SourceError = SourceNotFound("no source of this picture holds its bytes any more")
        for source in entry.sources[:SOURCES_TRIED]:
            try:
                data = await self._services.read.run(self._services.stores.sources.read, source.image_path)
            except SourceError as exc:
                error = exc
                continue
            except (TooManyBytes, EmptyImage):
                continue  # what lies there now is another file
            if await self._services.decode.run(content_hash, data) == entry.facts.content_hash:
                return data
        raise error
