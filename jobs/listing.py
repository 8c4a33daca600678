"""Pictures named by a place: a folder, a glob, an S3 prefix; each becomes an add request."""

from __future__ import annotations

import glob
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from imagesearch.images.s3 import S3
from imagesearch.types import AddRequest

# Judged by name only, so that a folder of a million files is listed, not read; a liar among them fails alone at the load.
SUFFIXES = frozenset({".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".gif", ".webp", ".avif", ".bmp", ".dib", ".tif", ".tiff"})


def folder(root: Path, namespace: str) -> Iterator[AddRequest | None]:
    """Yield a request for each picture below `root`, in a stable order, and None for each other file.

    The folder that holds a picture, below `root`, is its label. Symbolic links to folders are not followed.
    """
    root = root.resolve()
    for place, folders, names in os.walk(root):
        folders.sort()
        for name in sorted(names):
            path = Path(place, name)
            yield _file(path, namespace, "" if path.parent == root else path.parent.name)


def globbed(pattern: str, namespace: str) -> Iterator[AddRequest | None]:
    """Yield a request for each picture that the pattern matches (`**` crosses folders), and None for each other file."""
    # Path.glob takes no absolute pattern.
    for match in glob.iglob(pattern, recursive=True, include_hidden=True):  # noqa: PTH207
        path = Path(match)
        if path.is_file():
            yield _file(path.resolve(), namespace, "")


def bucket(uri: str, namespace: str, s3: S3) -> Iterator[AddRequest | None]:
    """Yield a request for each picture below s3://bucket/prefix, and None for each other object."""
    name, _, prefix = uri.removeprefix("s3://").partition("/")
    for key, _size, etag in s3.list(name, prefix):
        path = PurePosixPath(key)
        if path.suffix.lower() not in SUFFIXES:
            yield None
            continue
        below = PurePosixPath(key.removeprefix(prefix).lstrip("/")).parent.name
        yield request(f"s3://{name}/{key}", {"label": below} if below else {}, namespace, etag)


def request(image_path: str, info: dict[str, object], namespace: str, version: str = "") -> AddRequest:
    """Return the request for a picture; the same path, info and version give the same idempotency key, so it is added once."""
    said = "\0".join((image_path, repr(sorted(info.items())), version))
    # Bytes of a name that are no text arrive as surrogates.
    key = hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()
    return AddRequest(image_path, info, namespace, idempotency_key=f"import:{key}")


def _file(path: Path, namespace: str, label: str) -> AddRequest | None:
    if path.suffix.lower() not in SUFFIXES:
        return None
    try:
        seen = path.stat()
    except OSError:
        return None
    # A file that was changed since the last import is another picture, and asked for again.
    version = f"{seen.st_size}-{seen.st_mtime_ns}"
    return request(name_of(path), {"label": label} if label and label.isprintable() else {}, namespace, version)


def name_of(path: Path) -> str:
    """Return the path as image_path; a name that is not valid text goes as a file:// URI, which keeps its bytes."""
    text = str(path)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return path.as_uri()
    return text
