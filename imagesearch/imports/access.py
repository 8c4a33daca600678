"""Which places an import may read: what a stranger names is judged like an image_path, what the machine's user names is theirs."""

from __future__ import annotations

import glob
import os
from itertools import takewhile
from pathlib import Path

from config.sections import SourceSettings
from imagesearch.errors import SourceError, SourceForbidden, SourceInvalid
from imagesearch.images.roots import Roots, path_bytes
from imagesearch.images.s3 import split_uri
from imagesearch.images.s3_source import S3Prefixes


class Access:
    """`trusted`: asked for by who may read this machine's files and buckets anyway."""

    def __init__(self, settings: SourceSettings, *, trusted: bool) -> None:
        self._roots = None if trusted else Roots(settings.roots, settings.roots_file)
        self._prefixes = None if trusted else S3Prefixes(settings.s3_prefixes)

    def path(self, named: str) -> Path:
        """Return where a path or file:// URI leads, links resolved. Raises SourceInvalid, SourceForbidden, SourceUnavailable."""
        resolved = self._roots.resolve(named) if self._roots else os.path.realpath(path_bytes(named))
        return Path(os.fsdecode(resolved))

    def pattern(self, named: str) -> str:
        """Return the pattern, its folder resolved. Raises what `path` does; SourceInvalid for steps up behind a wildcard."""
        parts = Path(os.fsdecode(path_bytes(named))).parts
        fixed = list(takewhile(lambda part: not glob.has_magic(part), parts))
        varied = parts[len(fixed) :]
        if ".." in varied:
            raise SourceInvalid(f"a pattern that leads upwards: {named!r}")
        return os.path.join(glob.escape(str(self.path(str(Path(*fixed))))), *varied)  # noqa: PTH118 - a pattern is no path

    def allows(self, path: Path) -> bool:
        """Say whether what a pattern matched may be read."""
        try:
            self.path(str(path))
        except SourceError:
            return False
        return True

    def object(self, uri: str) -> tuple[str, str]:
        """Return bucket and key of an object. Raises SourceInvalid, SourceForbidden."""
        return split_uri(uri) if self._prefixes is None else self._prefixes.check(uri)

    def prefix(self, uri: str) -> tuple[str, str]:
        """Return bucket and prefix of what may be listed. Raises SourceInvalid, SourceForbidden."""
        bucket, key = self.object(uri)
        try:
            self.object(f"s3://{bucket}/{key}-")
        except SourceForbidden:
            # An allowed place is a whole folder: another one that begins with the same letters is not it.
            key = f"{key.rstrip('/')}/"
        return bucket, key

    def address(self, url: str) -> str:
        """Return the address of a picture on the web; only a command may name one. Raises SourceForbidden."""
        if self._roots is not None:
            raise SourceForbidden("an import does not read from the web; add single pictures by their address")
        return url
