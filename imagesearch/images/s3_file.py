"""An object of S3 as a file to read and to seek in: each read is a request of its own, so that none is held open for hours."""

from __future__ import annotations

import io
import os
import time

from imagesearch.errors import SourceError
from imagesearch.images.s3 import S3

# A read that failed in passing is repeated where it was, after 0.2, 0.4, 0.8 and 1.6 s.
ATTEMPTS = 5
PAUSE_S = 0.2


class S3File(io.RawIOBase):
    """Reads one version of an object, known by its size and ETag; raises what S3.get_range does, also where it was replaced."""

    def __init__(self, s3: S3, bucket: str, key: str, size: int, etag: str) -> None:
        super().__init__()
        self._s3 = s3
        self._bucket = bucket
        self._key = key
        self._size = size
        self._etag = etag
        self._at = 0

    def readable(self) -> bool:
        """Say yes."""
        return True

    def seekable(self) -> bool:
        """Say yes."""
        return True

    def tell(self) -> int:
        """Return where the next read begins."""
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move; nothing is asked of S3."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise ValueError("before the beginning of the file")
        self._at = base + offset
        return self._at

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]  # typeshed's Buffer has no len
        """Read as much as the buffer takes, or up to the end."""
        end = min(self._at + len(buffer), self._size)
        if end <= self._at:
            return 0
        data = self._fetched(self._at, end)
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def _fetched(self, start: int, end: int) -> bytes:
        attempt = 1
        while True:
            try:
                return self._s3.get_range(self._bucket, self._key, start, end, self._etag)
            except SourceError as exc:
                if not exc.retriable or attempt == ATTEMPTS:
                    raise
            time.sleep(PAUSE_S * 2 ** (attempt - 1))
            attempt += 1
