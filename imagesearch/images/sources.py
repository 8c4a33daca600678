"""The bytes behind an image_path, whatever kind of place it names, if the settings allow it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from config.sections import SourceSettings
from imagesearch.errors import SourceForbidden, SourceInvalid
from imagesearch.images.file_source import FileSource
from imagesearch.images.http_source import HttpSource
from imagesearch.images.s3 import S3
from imagesearch.images.s3_source import S3Source

MAX_CHARACTERS = 4096
SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")


class Sources:
    """Reads absolute paths, file://, s3:// and http(s):// URIs; a SourceReader.

    `readable` are folders and s3://bucket/prefix places that may be read beside what the settings allow. The S3 client
    belongs to the caller and is not closed here.
    """

    def __init__(self, settings: SourceSettings, max_bytes: int, s3: S3, readable: Sequence[str] = ()) -> None:
        folders = [Path(place) for place in readable if not place.startswith("s3://")]
        prefixes = [place for place in readable if place.startswith("s3://")]
        self._files = FileSource([*settings.roots, *folders], settings.roots_file, max_bytes)
        self._s3 = S3Source(s3, [*settings.s3_prefixes, *prefixes], max_bytes)
        self._http = HttpSource(settings, max_bytes) if settings.http else None

    def read(self, image_path: str) -> bytes:
        """Return all bytes behind the path. Thread-safe.

        Raises SourceInvalid for a path of no known form, SourceForbidden for what the settings do not allow, and SourceError's
        other kinds, TooManyBytes and EmptyImage as the place gives reason to.
        """
        if len(image_path) > MAX_CHARACTERS or "\0" in image_path:
            raise SourceInvalid(f"not a path or URI that can be read: {image_path[:80]!r}")
        if image_path.startswith("/"):
            return self._files.read(image_path)
        match = SCHEME.match(image_path)
        scheme = match[1].lower() if match else ""
        if scheme == "file":
            return self._files.read(image_path)
        if scheme == "s3":
            return self._s3.read(image_path)
        if scheme in ("http", "https"):
            if self._http is None:
                raise SourceForbidden("pictures are not fetched by HTTP here")
            return self._http.read(image_path)
        raise SourceInvalid(f"neither an absolute path nor a file, s3, http or https URI: {image_path[:80]!r}")

    def close(self) -> None:
        """Close the HTTP connections."""
        if self._http is not None:
            self._http.close()
