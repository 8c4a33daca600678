"""From a picture's place to its add request: one key for one wish, so that an import that is repeated adds nothing twice."""

from __future__ import annotations

import hashlib
from pathlib import Path, PurePosixPath

from imagesearch.types import AddRequest

# Judged by name only, so that a folder of a million files is listed, not read; a liar among them fails alone at the load.
SUFFIXES = frozenset({".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".gif", ".webp", ".avif", ".bmp", ".dib", ".tif", ".tiff"})


def is_picture(name: str) -> bool:
    """Say whether the name is one of a picture."""
    return PurePosixPath(name).suffix.lower() in SUFFIXES


def request(image_path: str, info: dict[str, object], namespace: str, version: str = "") -> AddRequest:
    """Return the request for a picture; the same path, info and version give the same idempotency key, so it is added once."""
    said = "\0".join((image_path, repr(sorted(info.items())), version))
    # Bytes of a name that are no text arrive as surrogates.
    key = hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()
    return AddRequest(image_path, info, namespace, idempotency_key=f"import:{key}")


def name_of(path: Path) -> str:
    """Return the path as image_path; a name that is not valid text goes as a file:// URI, which keeps its bytes."""
    text = str(path)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return path.as_uri()
    return text
