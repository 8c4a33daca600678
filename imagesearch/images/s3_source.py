"""Pictures from S3, and only from under allowed prefixes."""

from __future__ import annotations

from collections.abc import Sequence

from imagesearch.errors import SourceForbidden, SourceInvalid
from imagesearch.images.s3 import S3, split_uri


class S3Source:
    """Reads s3://bucket/key where an allowed prefix is that URI or a folder above it; `s3://` allows every bucket."""

    def __init__(self, s3: S3, prefixes: Sequence[str], max_bytes: int) -> None:
        self._s3 = s3
        # "s3:/" with its slash is the start of every URI.
        self._prefixes = tuple(prefix.rstrip("/") for prefix in prefixes)
        self._max_bytes = max_bytes

    def read(self, uri: str) -> bytes:
        """Return the object's bytes. Raises SourceInvalid, SourceForbidden, and what S3.get raises."""
        bucket, key = split_uri(uri)
        if not key:
            raise SourceInvalid(f"no key in {uri!r}")
        plain = f"s3://{bucket}/{key}"
        if not any(plain == prefix or plain.startswith(prefix + "/") for prefix in self._prefixes):
            raise SourceForbidden(f"not in an allowed bucket or prefix: {uri!r}")
        return self._s3.get(bucket, key, self._max_bytes)
