"""Pictures named by a place: a folder, a glob, an S3 prefix, a single address."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path, PurePosixPath

from imagesearch.errors import ImageSearchError, SourceInvalid
from imagesearch.images.file_source import os_error
from imagesearch.images.s3 import S3
from imagesearch.imports.line import Line
from imagesearch.imports.request import is_picture, name_of, request
from imagesearch.types import AddRequest, Cursor


class Listing:
    """A place that is listed from its beginning each time: files that came since are found, and keys tell what is known."""

    version = ""

    def total(self, position: int) -> int | None:
        """Know nothing of the end."""
        return None


class Folder(Listing):
    """The pictures below a folder, in a stable order; the folder that holds a picture, below the root, is its label.

    Symbolic links to folders are not followed.
    """

    def __init__(self, root: Path, namespace: str) -> None:
        self._root = root
        self._namespace = namespace

    def lines(self, cursor: Cursor) -> Iterator[Line]:
        """Yield a line for each file, and for each folder that may not be looked into."""
        numbers = count(1)
        # No recursion, as os.walk has in Python 3.11: folders may lie deeper than that goes.
        waiting = [str(self._root)]
        while waiting:
            place = waiting.pop()
            try:
                folders, names = _listed(place)
            except OSError as exc:
                yield Line(next(numbers), os_error(exc, place), place)
                continue
            for name in names:
                path = Path(place, name)
                label = "" if path.parent == self._root else path.parent.name
                yield Line(next(numbers), _file(path, self._namespace, label), str(path))
            waiting.extend(os.path.join(place, name) for name in reversed(folders))  # noqa: PTH118 - a million Paths cost seconds


class Glob(Listing):
    """The files that a pattern matches (`**` crosses folders) and that may be read."""

    def __init__(self, pattern: str, namespace: str, allows: Callable[[Path], bool]) -> None:
        self._pattern = pattern
        self._namespace = namespace
        self._allows = allows

    def lines(self, cursor: Cursor) -> Iterator[Line]:
        """Yield a line for each file; one that a link leads to outside of what may be read is not even counted.

        Raises SourceInvalid where folders lie deeper than a pattern is followed.
        """
        numbers = count(1)
        for match in self._matches():
            path = Path(match)
            try:
                if path.is_file() and self._allows(path):
                    yield Line(next(numbers), _file(path.resolve(), self._namespace, ""), match)
            except OSError as exc:
                if self._allows(path):
                    yield Line(next(numbers), os_error(exc, match), match)

    def _matches(self) -> Iterator[str]:
        try:
            # Path.glob takes no absolute pattern.
            yield from glob.iglob(self._pattern, recursive=True, include_hidden=True)  # noqa: PTH207
        except RecursionError:
            raise SourceInvalid(f"folders lie too deep for the pattern {self._pattern!r}; import a folder instead") from None


class Bucket:
    """The objects below s3://bucket/prefix, page by page; reading goes on behind the last key."""

    version = "listing"

    def __init__(self, bucket: str, prefix: str, namespace: str, s3: S3) -> None:
        self._bucket = bucket
        self._prefix = prefix
        self._namespace = namespace
        self._s3 = s3

    def lines(self, cursor: Cursor) -> Iterator[Line]:
        """Yield a line for each object. Raises SourceError."""
        numbers = count(cursor.position + 1)
        for key, _size, etag in self._s3.list(self._bucket, self._prefix, after=cursor.place):
            yield Line(next(numbers), self._request(key, etag), key)

    def total(self, position: int) -> int | None:
        """Know nothing of the end."""
        return None

    def _request(self, key: str, etag: str) -> AddRequest | None:
        if not is_picture(key):
            return None
        below = PurePosixPath(key.removeprefix(self._prefix).lstrip("/")).parent.name
        return request(f"s3://{self._bucket}/{key}", {"label": below} if below else {}, self._namespace, etag)


class Address(Listing):
    """One picture by its address."""

    def __init__(self, address: str, namespace: str) -> None:
        self._request = request(address, {}, namespace)

    def lines(self, cursor: Cursor) -> Iterator[Line]:
        """Yield one line."""
        yield Line(1, self._request, self._request.image_path)


def _file(path: Path, namespace: str, label: str) -> AddRequest | ImageSearchError | None:
    if not is_picture(path.name):
        return None
    try:
        seen = path.stat()
    except OSError as exc:
        return os_error(exc, str(path))
    # A file that was changed since the last import is another picture, and asked for again.
    version = f"{seen.st_size}-{seen.st_mtime_ns}"
    return request(name_of(path), {"label": label} if label and label.isprintable() else {}, namespace, version)


def _listed(place: str) -> tuple[list[str], list[str]]:
    """Return the names of folders in a folder, links aside, and of what is none, in order. Raises OSError."""
    folders: list[str] = []
    names: list[str] = []
    with os.scandir(place) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                folders.append(entry.name)
            elif not _leads_to_folder(entry):
                names.append(entry.name)
    return sorted(folders), sorted(names)


def _leads_to_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        # A link in a circle, or to where we may not look: as a file it is told what is wrong.
        return False
