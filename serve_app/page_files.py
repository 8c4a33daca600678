"""The files of the page, read once: each with its type, its ETag and, where that is smaller, its gzip."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "page"
INDEX = "index.html"
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}
# What index.html has where the address of its modules holds their version.
VERSION = b"{version}"


@dataclass(frozen=True, slots=True)
class PageFile:
    """A file as it is sent; `packed` is its gzip."""

    data: bytes
    packed: bytes
    media_type: str
    etag: str


class PageFiles:
    """All files of the page, by name. `version` is a digest of them: under it a file never changes."""

    def __init__(self, folder: Path = FOLDER) -> None:
        found = {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.suffix in TYPES}
        self.version = hashlib.sha256(b"".join(name.encode() + data for name, data in found.items())).hexdigest()[:16]
        found[INDEX] = found[INDEX].replace(VERSION, self.version.encode())
        self._files = {name: _page_file(name, data) for name, data in found.items()}

    def get(self, name: str) -> PageFile | None:
        """Return a file by its name, None where the page has no such file."""
        return self._files.get(name)


def _page_file(name: str, data: bytes) -> PageFile:
    etag = f'"{hashlib.sha256(data).hexdigest()[:32]}"'
    return PageFile(data, gzip.compress(data, mtime=0), TYPES[Path(name).suffix], etag)
