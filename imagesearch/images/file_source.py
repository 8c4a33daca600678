"""Pictures from the file system, and only from under allowed folders."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Sequence
from pathlib import Path

from imagesearch.errors import EmptyImage, SourceError, SourceForbidden, SourceNotFound, SourceUnavailable, TooManyBytes
from imagesearch.images.roots import Roots

ABSENT = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.EISDIR, errno.ENXIO}
FORBIDDEN = {errno.EACCES, errno.EPERM}


class FileSource:
    """Reads files below its roots. Thread-safe; what a path leads to counts, not how it is spelled."""

    def __init__(self, roots: Sequence[Path], roots_file: Path | None, max_bytes: int) -> None:
        self._roots = Roots(roots, roots_file)
        self._max_bytes = max_bytes

    def read(self, path: str) -> bytes:
        """Return the bytes of a file, named by an absolute path or a file:// URI.

        Raises SourceInvalid for another form; SourceForbidden outside the roots, whether or not something lies there;
        SourceNotFound for no file; SourceUnavailable when the disk fails; TooManyBytes; EmptyImage.
        """
        resolved = self._roots.resolve(path)
        try:
            descriptor = open_resolved(resolved, path)
            with os.fdopen(descriptor, "rb") as file:
                data = file.read(self._max_bytes + 1)
        except OSError as exc:
            raise os_error(exc, path) from exc
        if len(data) > self._max_bytes:
            raise TooManyBytes(f"{path!r} has more than {self._max_bytes} bytes")
        if not data:
            raise EmptyImage(f"{path!r} has no bytes")
        return data


def open_resolved(resolved: bytes, path: str) -> int:
    """Open the file to which `path` leads and return its descriptor. Raises OSError, SourceNotFound for what is no file."""
    # Opened without waiting, a FIFO is recognised instead of blocking until somebody writes; and a link that was put in the
    # file's place after the check is not followed.
    descriptor = os.open(resolved, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        regular = stat.S_ISREG(os.fstat(descriptor).st_mode)
    except OSError:
        os.close(descriptor)
        raise
    if not regular:
        os.close(descriptor)
        raise SourceNotFound(f"not a file: {path!r}")
    return descriptor


def os_error(exc: OSError, path: str) -> SourceError:
    """Return what the system's refusal means for whoever named the path."""
    if exc.errno in ABSENT:
        return SourceNotFound(f"no file at {path!r}")
    if exc.errno in FORBIDDEN:
        return SourceForbidden(f"may not be read: {path!r}")
    return SourceUnavailable(f"cannot be read now: {path!r}: {exc.strerror}")
