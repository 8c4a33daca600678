"""Where uploads are kept, each under the hash of its content: a folder or an S3 prefix."""

from __future__ import annotations

import os
import tempfile
import uuid
from pathlib import Path

from config.sections import BlobSettings
from imagesearch.errors import ConfigError, SourceInvalid, StoreUnavailable
from imagesearch.images.s3 import S3, split_uri

# A ping writes this much: a full disk still creates empty files.
PING_BYTES = 4096


class FolderBlobs:
    """A BlobPlace in a folder, made when first needed; files are ab/ab12... under it."""

    def __init__(self, root: Path) -> None:
        self._root = root.absolute()

    @property
    def readable(self) -> tuple[str, ...]:
        """What a reader of stored pictures must be allowed to read."""
        return (str(self._root),)

    def put(self, data: bytes, content_hash: str) -> str:
        """Store the bytes and return their absolute path; a path that is returned outlives a power cut.

        Raises StoreUnavailable.
        """
        path = self._root / content_hash[:2] / content_hash
        try:
            if not _has_size(path, len(data)):
                path.parent.mkdir(parents=True, exist_ok=True)
                write_whole(path, data)
        except OSError as exc:
            raise unavailable(exc) from exc
        return str(path)

    def ping(self) -> None:
        """Raise StoreUnavailable when nothing could be stored now."""
        try:
            self._root.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self._root) as file:
                file.write(bytes(PING_BYTES))
        except OSError as exc:
            raise unavailable(exc) from exc


class S3Blobs:
    """A BlobPlace under an S3 prefix; keys are prefix/ab/ab12..."""

    def __init__(self, s3: S3, uri: str) -> None:
        self._s3 = s3
        self._bucket, prefix = split_uri(uri)
        self._prefix = f"{prefix.rstrip('/')}/" if prefix else ""

    @property
    def readable(self) -> tuple[str, ...]:
        """What a reader of stored pictures must be allowed to read."""
        return (f"s3://{self._bucket}/{self._prefix}",)

    def put(self, data: bytes, content_hash: str) -> str:
        """Store the bytes and return their URI; an object of that name and size is not sent again. Raises StoreUnavailable."""
        key = f"{self._prefix}{content_hash[:2]}/{content_hash}"
        if not self._s3.exists(self._bucket, key, byte_size=len(data)):
            self._s3.put(self._bucket, key, data)
        return f"s3://{self._bucket}/{key}"

    def ping(self) -> None:
        """Raise StoreUnavailable when the bucket does not answer."""
        self._s3.ping(self._bucket)


def open_blobs(settings: BlobSettings, s3: S3) -> FolderBlobs | S3Blobs:
    """Return the place that the settings name; nothing is made or asked yet. Raises ConfigError."""
    if settings.uri.startswith("s3://"):
        try:
            return S3Blobs(s3, settings.uri)
        except SourceInvalid as exc:
            raise ConfigError(f"blobs.uri: {exc.detail}") from exc
    return FolderBlobs(Path(settings.uri))


def _has_size(path: Path, size: int) -> bool:
    try:
        return path.stat().st_size == size
    except FileNotFoundError:
        return False


def write_whole(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Write so that under `path` there is all of it or nothing, whatever happens; where it is `durable`, a power cut too."""
    partial = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        with partial.open("xb") as file:
            file.write(data)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        partial.replace(path)
    except OSError:
        partial.unlink(missing_ok=True)
        raise
    if not durable:
        return
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        # The name is safe only once its folder is.
        os.fsync(folder)
    finally:
        os.close(folder)


def unavailable(exc: OSError) -> StoreUnavailable:
    """Return what a failure of the folder's disk means."""
    return StoreUnavailable(f"pictures cannot be stored: {exc.strerror}", store="blobs")
