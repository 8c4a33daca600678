"""Small files that were made of pictures and can be made again, beside the uploads: in the same folder or S3 prefix."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from config.sections import BlobSettings
from imagesearch.errors import EmptyImage, SourceError, SourceForbidden, SourceNotFound, StoreUnavailable, TooManyBytes
from imagesearch.images.blobs import unavailable, write_whole
from imagesearch.images.s3 import S3, split_uri


class FolderDerived:
    """A DerivedPlace in a folder, made when first needed."""

    def __init__(self, root: Path) -> None:
        self._root = root.absolute()

    def put(self, name: str, data: bytes) -> None:
        """Store the bytes under the name. Raises StoreUnavailable."""
        path = self._root / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # A power cut may take it: nothing is lost that cannot be made again.
            write_whole(path, data, durable=False)
        except OSError as exc:
            raise unavailable(exc) from exc

    def get(self, name: str, max_bytes: int) -> bytes | None:
        """Return the bytes, None where there are none or more than so many. Raises StoreUnavailable."""
        try:
            with (self._root / name).open("rb") as file:
                data = file.read(max_bytes + 1)
        except FileNotFoundError:
            return None
        except OSError as exc:
            raise unavailable(exc) from exc
        return data if len(data) <= max_bytes else None

    def has(self, name: str) -> bool:
        """Say whether something is kept under the name. Raises StoreUnavailable."""
        try:
            (self._root / name).stat()
        except FileNotFoundError:
            return False
        except OSError as exc:
            raise unavailable(exc) from exc
        return True

    def delete(self, name: str) -> None:
        """Remove it, if it is there. Raises StoreUnavailable."""
        try:
            (self._root / name).unlink(missing_ok=True)
        except OSError as exc:
            raise unavailable(exc) from exc

    def names(self, prefix: str) -> Iterator[str]:
        """Yield what is kept under names that begin with `prefix` and a slash. Raises StoreUnavailable."""

        def failed(exc: OSError) -> None:
            if not isinstance(exc, FileNotFoundError):
                raise unavailable(exc) from exc

        for folder, _, files in os.walk(self._root / prefix, onerror=failed):
            inside = Path(folder).relative_to(self._root).as_posix()
            # What a crash left half written begins with a dot.
            yield from (f"{inside}/{file}" for file in files if not file.startswith("."))


class S3Derived:
    """A DerivedPlace under an S3 prefix."""

    def __init__(self, s3: S3, uri: str) -> None:
        self._s3 = s3
        self._bucket, prefix = split_uri(uri)
        self._prefix = f"{prefix.rstrip('/')}/" if prefix else ""

    def put(self, name: str, data: bytes) -> None:
        """Store the bytes under the name. Raises StoreUnavailable."""
        self._s3.put(self._bucket, self._prefix + name, data)

    def get(self, name: str, max_bytes: int) -> bytes | None:
        """Return the bytes, None where there are none or more than so many. Raises StoreUnavailable."""
        try:
            return self._s3.get(self._bucket, self._prefix + name, max_bytes)
        except (SourceNotFound, SourceForbidden, EmptyImage, TooManyBytes):
            # To those who may not list a bucket S3 answers 403 for a key that is not there.
            return None
        except SourceError as exc:
            raise StoreUnavailable(f"what is kept beside pictures cannot be read: {exc.detail}", store="blobs") from exc

    def has(self, name: str) -> bool:
        """Say whether something is kept under the name. Raises StoreUnavailable."""
        return self._s3.exists(self._bucket, self._prefix + name)

    def delete(self, name: str) -> None:
        """Remove it, if it is there. Raises StoreUnavailable."""
        self._s3.delete(self._bucket, self._prefix + name)

    def names(self, prefix: str) -> Iterator[str]:
        """Yield what is kept under names that begin with `prefix` and a slash. Raises StoreUnavailable."""
        try:
            for key, _, _ in self._s3.list(self._bucket, f"{self._prefix}{prefix}/"):
                yield key[len(self._prefix) :]
        except SourceError as exc:
            raise StoreUnavailable(f"what is kept beside pictures cannot be listed: {exc.detail}", store="blobs") from exc


def open_derived(settings: BlobSettings, s3: S3) -> FolderDerived | S3Derived:
    """Return the place beside the uploads that the settings name; nothing is made or asked yet."""
    return S3Derived(s3, settings.uri) if settings.uri.startswith("s3://") else FolderDerived(Path(settings.uri))
