"""A file that names pictures or holds them, on this machine or on S3, opened as often as it is read."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from imagesearch.images.file_source import open_resolved, os_error
from imagesearch.images.s3 import S3
from imagesearch.images.s3_file import S3File

# What is asked of S3 at once where a file is read from end to end.
AHEAD_BYTES = 8 * 2**20


@dataclass(frozen=True, slots=True)
class Manifest:
    """`base` is where its relative paths are meant from, a folder or s3://bucket/folder; `version` changes when the file does."""

    name: str
    base: str
    version: str
    size: int
    opened: Callable[[], io.RawIOBase]

    @property
    def suffix(self) -> str:
        """The end of the name, which tells the kind."""
        return PurePosixPath(self.name).suffix.lower()

    def open(self) -> BinaryIO:
        """Open it for reading ahead; the caller closes it. Raises SourceError."""
        return io.BufferedReader(self.opened(), AHEAD_BYTES)


class LocalFile(io.FileIO):
    """A file of this machine that tells as SourceError what its disk fails at, as S3File does."""

    def __init__(self, descriptor: int, path: str) -> None:
        super().__init__(descriptor, "rb")
        self._path = path

    def readinto(self, buffer: Any, /) -> int | None:
        """Read as much as the buffer takes, or up to the end."""
        with self._told():
            return super().readinto(buffer)

    def read(self, size: int | None = -1, /) -> bytes:
        """Read so many bytes, or up to the end."""
        with self._told():
            return super().read(size)

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Move; of a file that is gone from its server not even the end is known."""
        with self._told():
            return super().seek(offset, whence)

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as exc:
            raise os_error(exc, self._path) from exc


def local_manifest(path: Path, folder: str) -> Manifest:
    """Return the manifest at a path whose links are resolved; `folder` is where it was named, links of its own or not.

    Raises SourceError.
    """

    def opened() -> io.RawIOBase:
        try:
            return LocalFile(open_resolved(os.fsencode(path), str(path)), str(path))
        except OSError as exc:
            raise os_error(exc, str(path)) from exc

    with opened() as file:
        seen = os.fstat(file.fileno())
    return Manifest(path.name, os.path.realpath(folder), f"{seen.st_size}-{seen.st_mtime_ns}", seen.st_size, opened)


def s3_manifest(bucket: str, key: str, s3: S3) -> Manifest:
    """Return the manifest at s3://bucket/key. Raises SourceError."""
    size, etag = s3.stat(bucket, key)
    parent = key.rpartition("/")[0]
    base = f"s3://{bucket}/{parent}".rstrip("/")
    return Manifest(key.rpartition("/")[2], base, etag[:200], size, lambda: S3File(s3, bucket, key, size, etag))
