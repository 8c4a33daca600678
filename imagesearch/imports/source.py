"""What a source is, judged by its name and by what lies there."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from imagesearch.errors import SourceNotFound
from imagesearch.images.file_source import os_error
from imagesearch.images.roots import path_bytes
from imagesearch.images.s3 import S3
from imagesearch.imports.access import Access
from imagesearch.imports.line import Reading
from imagesearch.imports.listing import Address, Bucket, Folder, Glob
from imagesearch.imports.manifest import Manifest, local_manifest, s3_manifest
from imagesearch.imports.parquet import SUFFIX as PARQUET
from imagesearch.imports.parquet import ParquetTable
from imagesearch.imports.table import CSV_SUFFIXES, JSON_SUFFIXES, Table
from imagesearch.imports.webdataset import SUFFIX as TAR
from imagesearch.imports.webdataset import WebDataset

TABLES = frozenset({*CSV_SUFFIXES, *JSON_SUFFIXES, PARQUET})
MANIFESTS = frozenset({*TABLES, TAR})


class Opener:
    """Finds sources; `keep` and `max_bytes` are for pictures that come within an archive."""

    def __init__(self, s3: S3, keep: Callable[[bytes, str], str], max_bytes: int) -> None:
        self._s3 = s3
        self._keep = keep
        self._max_bytes = max_bytes

    def open(self, source: str, namespace: str, access: Access) -> Reading:
        """Return the reading of a folder, a file, a glob, an s3:// address, or of a table or archive at one of these.

        Raises SourceInvalid, SourceForbidden, SourceNotFound, and SourceError's other kinds where the place does not answer.
        """
        scheme = source.partition("://")[0].lower() if "://" in source else ""
        if scheme in ("http", "https"):
            return Address(access.address(source), namespace)
        if scheme == "s3":
            if PurePosixPath(source).suffix.lower() in MANIFESTS:
                return self._manifest(s3_manifest(*access.object(source), self._s3), namespace)
            return Bucket(*access.prefix(source), namespace, self._s3)
        return self._local(source, namespace, access)

    def check(self, source: str, access: Access) -> None:
        """Raise at once what `open` would raise later of a source that may not be read or is not there; S3 is not asked."""
        scheme = source.partition("://")[0].lower() if "://" in source else ""
        if scheme == "s3":
            access.object(source)
        else:
            self.open(source, "", access)

    def _local(self, source: str, namespace: str, access: Access) -> Reading:
        if glob.has_magic(source) and not _exists(source):
            return Glob(access.pattern(source), namespace, access.allows)
        path = access.path(source)
        try:
            is_folder, is_file = path.is_dir(), path.is_file()
        except OSError as exc:
            # Behind a closed folder, a name too long, a disk that fails: Python 3.11 takes only what is absent for an answer.
            raise os_error(exc, source) from exc
        if is_folder:
            return Folder(path, namespace)
        if path.suffix.lower() in MANIFESTS:
            # Paths in it are meant from where it was named to lie, which a Path would tidy up.
            beside = os.path.dirname(os.fsdecode(path_bytes(source)))  # noqa: PTH120
            return self._manifest(local_manifest(path, beside), namespace)
        if is_file:
            return Glob(glob.escape(str(path)), namespace, access.allows)
        raise SourceNotFound(f"{source}: no folder, file, glob or s3:// prefix of this name")

    def _manifest(self, manifest: Manifest, namespace: str) -> Reading:
        if manifest.suffix == TAR:
            return WebDataset(manifest, namespace, self._max_bytes, self._keep)
        return table(manifest, namespace)


def table(manifest: Manifest, namespace: str) -> Reading:
    """Return the reading of a table."""
    return ParquetTable(manifest, namespace) if manifest.suffix == PARQUET else Table(manifest, namespace)


def _exists(source: str) -> bool:
    # A name may hold brackets; what is there by that very name is meant before what the pattern matches.
    try:
        return Path(source).exists()
    except (OSError, ValueError):
        return False
