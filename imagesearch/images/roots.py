"""The folders below which files may be read, and where a path really leads."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from imagesearch.errors import ConfigError, SourceForbidden, SourceInvalid, SourceUnavailable

MAX_PATH_BYTES = 4096


class _Stamp(NamedTuple):
    """What changes when a file is rewritten."""

    inode: int
    size: int
    mtime_ns: int


class Roots:
    """Allowed folders, those of a file among them, which is read anew when it changes. Thread-safe."""

    def __init__(self, roots: Sequence[Path], roots_file: Path | None) -> None:
        relative = [root for root in roots if not root.is_absolute()]
        if relative:
            raise ConfigError(f"sources.roots: {relative[0]} is not an absolute path")
        self._roots = tuple(os.fsencode(root) for root in roots)
        self._roots_file = roots_file
        self._listed: tuple[_Stamp | None, tuple[bytes, ...]] = (None, ())

    def resolve(self, path: str) -> bytes:
        """Return where an absolute path or a file:// URI leads, links resolved; what that is counts, not how it is spelled.

        Raises SourceInvalid for another form; SourceForbidden outside the folders, whether or not something lies there;
        SourceUnavailable where the list of folders cannot be read.
        """
        resolved = os.path.realpath(path_bytes(path))
        if not any(_lies_under(resolved, os.path.realpath(root)) for root in (*self._roots, *self._listed_roots())):
            raise SourceForbidden(f"outside the folders that may be read: {path!r}")
        return resolved

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


def path_bytes(path: str) -> bytes:
    """Return the absolute path that a path or a file:// URI of this host names. Raises SourceInvalid."""
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
