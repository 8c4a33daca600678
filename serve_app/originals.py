"""The bytes of catalogued pictures, from whichever of their sources still holds them."""

from __future__ import annotations

from imagesearch.errors import EmptyImage, SourceError, TooManyBytes
from imagesearch.images.originals import gone, is_original, sources_of
from imagesearch.types import CatalogEntry
from serve_app.services import Services


class Originals:
    """Reads pictures as they were loaded."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def read(self, entry: CatalogEntry) -> bytes:
        """Return the picture's bytes.

        Raises the last SourceError where no source can be read, SourceNotFound where all hold other bytes by now.
        """
        error: SourceError = gone()
        for source in sources_of(entry):
            try:
                data = await self._services.read.run(self._services.stores.sources.read, source.image_path)
            except SourceError as exc:
                error = exc
                continue
            except (TooManyBytes, EmptyImage):
                continue  # what lies there now is another file
            if await self._services.decode.run(is_original, data, entry):
                return data
        raise error
