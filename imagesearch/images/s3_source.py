"""Pictures from S3, and only from under allowed prefixes."""

from __future__ import annotations

from collections.abc import Sequence

from imagesearch.errors import SourceForbidden, SourceInvalid
from imagesearch.images.s3 import S3, split_uri


class S3Prefixes:
    """Allowed places: a URI is one of them or lies in the folder that one of them is; `s3://` allows every bucket."""

    def __init__(self, prefixes: Sequence[str]) -> None:
        # "s3:/" with its slash is the start of every URI.
        self._prefixes = tuple(prefix.rstrip("/") for prefix in prefixes)

    def check(self, uri: str) -> tuple[str, str]:
        """Return bucket and key, which may be empty. Raises SourceInvalid, SourceForbidden."""
        bucket, key = split_uri(uri)
        plain = f"s3://{bucket}/{key}" if key else f"s3://{bucket}"
        if not any(plain == prefix or plain.startswith(prefix + "/") for prefix in self._prefixes):
            raise SourceForbidden(f"not in an allowed bucket or prefix: {uri!r}")
        return bucket, key


class S3Source:
    """Reads s3://bucket/key from allowed prefixes."""

    def __init__(self, s3: S3, prefixes: Sequence[str], max_bytes: int) -> None:
        self._s3 = s3
        self._prefixes = S3Prefixes(prefixes)
        self._max_bytes = max_bytes

    def read(self, uri: str) -> bytes:
        """Return the object's bytes. Raises SourceInvalid, SourceForbidden, and what S3.get raises."""
        if not split_uri(uri)[1]:
            raise SourceInvalid(f"no key in {uri!r}")
        return self._s3.get(*self._prefixes.check(uri), self._max_bytes)
