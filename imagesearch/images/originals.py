"""The bytes of a catalogued picture as they were loaded, from whichever of its sources still holds them."""

from __future__ import annotations

from collections.abc import Sequence

from imagesearch.errors import EmptyImage, SourceError, SourceNotFound, TooManyBytes
from imagesearch.images.hashes import content_hash
from imagesearch.ports import SourceReader
from imagesearch.types import CatalogEntry, Source

# Each may be a slow server; the oldest sources are the likeliest to be our own storage.
SOURCES_TRIED = 5


def sources_of(entry: CatalogEntry) -> Sequence[Source]:
    """Return where to look for the picture, in this order."""
    return entry.sources[:SOURCES_TRIED]


def is_original(data: bytes, entry: CatalogEntry) -> bool:
    """Say whether these are the picture's bytes, and not those of a file that took its place."""
    return content_hash(data) == entry.facts.content_hash


def gone() -> SourceNotFound:
    """Return the error of a picture all of whose sources hold other bytes by now."""
    return SourceNotFound("no source of this picture holds its bytes any more")


def original_of(entry: CatalogEntry, sources: SourceReader) -> bytes:
    """Return the picture's bytes from the first source that holds them.

    Raises the last SourceError where none can be read, SourceNotFound where all hold other bytes by now.
    """
    error: SourceError = gone()
    for source in sources_of(entry):
        try:
            data = sources.read(source.image_path)
        except SourceError as exc:
            error = exc
            continue
        except (TooManyBytes, EmptyImage):
            continue  # what lies there now is another file
        if is_original(data, entry):
            return data
    raise error
