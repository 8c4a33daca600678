"""Pictures from the file system, and only from under allowed folders."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from imagesearch.errors import (
    ConfigError,
    EmptyImage,
    SourceError,
    SourceForbidden,
    SourceInvalid,
    SourceNotFound,
    SourceUnavailable,
    TooManyBytes,
)

MAX_PATH_BYTES = 4096
ABSENT = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.EISDIR, errno.ENXIO}
FORBIDDEN = {errno.EACCES, errno.EPERM}


class _Stamp(NamedTuple):
    """What changes when a file is rewritten."""

    inode: int
    size: int
    mtime_ns: int


class FileSource:
    """Reads files below its roots. Thread-safe; what a path leads to counts, not how it is spelled."""

    def __init__(self, roots: Sequence[Path], roots_file: Path | None, max_bytes: int) -> None:
        relative = [root for root in roots if not root.is_absolute()]
        if relative:
            raise ConfigError(f"sources.roots: {relative[0]} is not an absolute path")
        self._roots = tuple(os.fsencode(root) for root in roots)
        self._roots_file = roots_file
        self._listed: tuple[_Stamp | None, tuple[bytes, ...]] = (None, ())
        self._max_bytes = max_bytes

    def read(self, path: str) -> bytes:
        """Return the bytes of a file, named by an absolute path or a file:// URI.

        Raises SourceInvalid for another form; SourceForbidden outside the roots, whether or not something lies there;
        SourceNotFound for no file; SourceUnavailable when the disk fails; TooManyBytes; EmptyImage.
        """
        resolved = os.path.realpath(_path_bytes(path))
        if not any(_lies_under(resolved, os.path.realpath(root)) for root in (*self._roots, *self._listed_roots())):
            raise SourceForbidden(f"outside the folders that may be read: {path!r}")
        try:
            data = self._bytes_of(resolved, path)
        except OSError as exc:
            raise _translated(exc, path) from exc
        if len(data) > self._max_bytes:
            raise TooManyBytes(f"{path!r} has more than {self._max_bytes} bytes")
        if not data:
            raise EmptyImage(f"{path!r} has no bytes")
        return data

    def _bytes_of(self, resolved: bytes, path: str) -> bytes:
        # Opened without waiting, a FIFO is recognised instead of blocking until somebody writes; and a link that was put in the
        # file's place after the check is not followed.
        descriptor = os.open(resolved, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise SourceNotFound(f"not a file: {path!r}")
            with os.fdopen(descriptor, "rb", closefd=False) as file:
                return file.read(self._max_bytes + 1)
        finally:
            # A file object that refuses a folder's descriptor would leave it open.
            os.close(descriptor)

    def _listed_roots(self) -> tuple[bytes, ...]:
        if self._roots_file is None:
            return ()
        try:
            status = self._roots_file.stat()
            stamp = _Stamp(status.st_ino, status.st_size, status.st_mtime_ns)
            known, roots = self._listed
            if stamp != known:
                lines = self._roots_file.read_bytes().split(b"\n")
                # An empty or relative line would allow whatever folder the process happens to run in.
                roots = tuple(line for line in lines if line.startswith(b"/"))
                self._listed = (stamp, roots)
        except FileNotFoundError:
            return ()
        except OSError as exc:
            raise SourceUnavailable("the list of allowed folders cannot be read") from exc
        return roots


def _path_bytes(path: str) -> bytes:
    try:
        # Names that are not UTF-8 come as surrogates in a path and as percent escapes in a URI.
        data = os.fsencode(path)
    except UnicodeEncodeError as exc:
        raise SourceInvalid(f"not a path: {path!r}") from exc
    if data[:7].lower() == b"file://":
        host, slash, rest = data[7:].partition(b"/")
        if host.lower() not in (b"", b"localhost"):
            raise SourceInvalid(f"a file of another host: {path!r}")
        data = slash + unquote_to_bytes(rest)
    if not data.startswith(b"/") or b"\0" in data or len(data) > MAX_PATH_BYTES:
        raise SourceInvalid(f"not an absolute path: {path[:80]!r}")
    return data


def _lies_under(path: bytes, root: bytes) -> bool:
    return path == root or path.startswith(root.rstrip(b"/") + b"/")


def _translated(exc: OSError, path: str) -> SourceError:
    if exc.errno in ABSENT:
        return SourceNotFound(f"no file at {path!r}")
    if exc.errno in FORBIDDEN:
        return SourceForbidden(f"may not be read: {path!r}")
    return SourceUnavailable(f"cannot be read now: {path!r}: {exc.strerror}")
