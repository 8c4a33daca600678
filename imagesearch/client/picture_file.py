"""Pictures on this side: bytes, or files that are read within a bound."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from imagesearch.errors import EmptyImage, SourceForbidden, SourceNotFound, SourceUnavailable, TooManyBytes

Picture = bytes | str | PathLike[str]
"""A picture's bytes, or the file that has them."""


def upload(picture: Picture) -> bytes | Path:
    """Return bytes as they are, and what names a file as a Path."""
    return picture if isinstance(picture, bytes) else Path(picture)


def read_picture(path: Path, max_bytes: int) -> bytes:
    """Return the bytes of a file that the user named. Raises SourceError or one of its kinds, TooManyBytes, EmptyImage."""
    try:
        if not path.is_file():
            raise SourceNotFound(f"{path}: no file of this name")
        with path.open("rb") as file:
            data = file.read(max_bytes + 1)
    except PermissionError as exc:
        raise SourceForbidden(f"{path} may not be read") from exc
    except OSError as exc:
        raise SourceUnavailable(f"{path} cannot be read: {exc.strerror}") from exc
    if len(data) > max_bytes:
        raise TooManyBytes(f"{path} has more than {max_bytes} bytes")
    if not data:
        raise EmptyImage(f"{path} has no bytes")
    return data
