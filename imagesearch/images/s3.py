"""S3-compatible storage: the one file that speaks boto3."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    NoCredentialsError,
    ParamValidationError,
    ReadTimeoutError,
)
from urllib3.exceptions import HTTPError

from config.sections import S3Settings
from imagesearch.errors import (
    ConfigError,
    EmptyImage,
    SourceError,
    SourceForbidden,
    SourceInvalid,
    SourceNotFound,
    SourceTimeout,
    SourceUnavailable,
    StoreUnavailable,
    TooManyBytes,
)

BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9]")
CONTROLS = re.compile(r"[\x00-\x1f\x7f]")
MAX_KEY_BYTES = 1024
# A second try inside the driver hides one dropped connection; more would hide an outage from those who count it.
ATTEMPTS = 2
CONNECTIONS = 32
# The most that S3 gives at once.
PAGE_KEYS = 1000
# Answers of the 400 and 403 kind that are not about the object and may pass: a role's new token arrives, a clock is set.
PASSING = {"ExpiredToken", "RequestTimeTooSkewed", "RequestTimeout", "SlowDown", "Throttling"}
# A broken body comes as the inner HTTP client's own error.
DRIVER_ERRORS = (BotoCoreError, ClientError, HTTPError)


def split_uri(uri: str) -> tuple[str, str]:
    """Split s3://bucket/key; the key is taken as it stands, nothing in it is an escape, and it may be empty.

    Raises SourceInvalid for a bucket or key that S3 does not take, and for `.` and `..` between slashes, which an HTTP client
    on the way could resolve to another bucket.
    """
    scheme, found, rest = uri.partition("://")
    bucket, _, key = rest.partition("/")
    if scheme.lower() != "s3" or not found:
        raise SourceInvalid(f"not of the form s3://bucket/key: {uri!r}")
    if not BUCKET.fullmatch(bucket):
        raise SourceInvalid(f"no bucket can be named {bucket!r}: 3 to 63 letters, digits, dots, dashes and underscores")
    try:
        encoded = key.encode()
    except UnicodeEncodeError as exc:
        raise SourceInvalid(f"not a key of S3: {uri!r}") from exc
    if len(encoded) > MAX_KEY_BYTES or CONTROLS.search(key) or {".", ".."} & set(key.split("/")):
        raise SourceInvalid(f"not a key that can be read: {uri!r}")
    return bucket, key


class S3:
    """A client that opens at its first use and is safe to share between threads.

    Reading raises SourceNotFound, SourceForbidden, SourceInvalid, SourceTimeout, SourceUnavailable or plain SourceError;
    storing raises StoreUnavailable.
    """

    def __init__(self, settings: S3Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._opened: Any = None

    def get(self, bucket: str, key: str, max_bytes: int) -> bytes:
        """Return the object's bytes. Raises TooManyBytes above the limit, EmptyImage for none, and what reading raises."""
        uri = f"s3://{bucket}/{key}"
        try:
            answer = self._client.get_object(Bucket=bucket, Key=key)
            promised = answer.get("ContentLength", 0)
            with closing(answer["Body"]) as body:
                data: bytes = body.read(max_bytes + 1) if promised <= max_bytes else b""
        except DRIVER_ERRORS as exc:
            raise _reading_error(exc, uri) from exc
        if promised > max_bytes or len(data) > max_bytes:
            raise TooManyBytes(f"{uri} has more than {max_bytes} bytes")
        if len(data) < promised:
            # The driver checks this only where it reads without a bound.
            raise SourceUnavailable(f"{uri} ended after {len(data)} of {promised} bytes")
        if not data:
            raise EmptyImage(f"{uri} has no bytes")
        return data

    def etag(self, bucket: str, key: str) -> str:
        """Return what S3 calls this version of the object."""
        return self.stat(bucket, key)[1]

    def get_to_file(self, bucket: str, key: str, path: Path) -> None:
        """Write the object's bytes to a new file, whatever their number."""
        from boto3.exceptions import S3TransferFailedError

        try:
            self._client.download_file(bucket, key, str(path))
        except (*DRIVER_ERRORS, S3TransferFailedError) as exc:
            raise _reading_error(exc, f"s3://{bucket}/{key}") from exc

    def stat(self, bucket: str, key: str) -> tuple[int, str]:
        """Return the object's size in bytes and its ETag."""
        try:
            answer = self._client.head_object(Bucket=bucket, Key=key)
        except DRIVER_ERRORS as exc:
            raise _reading_error(exc, f"s3://{bucket}/{key}") from exc
        return int(answer["ContentLength"]), str(answer["ETag"]).strip('"')

    def get_range(self, bucket: str, key: str, start: int, end: int, etag: str) -> bytes:
        """Return the bytes from `start` up to before `end` of that version of the object; SourceError where it was replaced."""
        uri = f"s3://{bucket}/{key}"
        try:
            answer = self._client.get_object(Bucket=bucket, Key=key, Range=f"bytes={start}-{end - 1}", IfMatch=f'"{etag}"')
            with closing(answer["Body"]) as body:
                data: bytes = body.read(end - start)
        except DRIVER_ERRORS as exc:
            raise _reading_error(exc, uri) from exc
        if len(data) < end - start:
            raise SourceUnavailable(f"{uri} ended {end - start - len(data)} bytes early")
        return data

    def list(self, bucket: str, prefix: str, after: str = "") -> Iterator[tuple[str, int, str]]:
        """Yield (key, size in bytes, ETag) of the keys that begin with `prefix` and come behind `after`, in S3's order."""
        try:
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=bucket, Prefix=prefix, StartAfter=after, PaginationConfig={"PageSize": PAGE_KEYS}
            )
            for page in pages:
                for entry in page.get("Contents", ()):
                    yield entry["Key"], entry["Size"], entry["ETag"].strip('"')
        except DRIVER_ERRORS as exc:
            raise _reading_error(exc, f"s3://{bucket}/{prefix}") from exc

    def put(self, bucket: str, key: str, data: bytes) -> None:
        """Store the bytes under the key, in the place of what was there. Raises StoreUnavailable."""
        try:
            self._client.put_object(Bucket=bucket, Key=key, Body=data, ContentLength=len(data))
        except DRIVER_ERRORS as exc:
            raise _storing_error(exc) from exc

    def exists(self, bucket: str, key: str, byte_size: int | None = None) -> bool:
        """Say whether the key is there and, where `byte_size` is given, has that many bytes. Raises StoreUnavailable."""
        try:
            answer = self._client.head_object(Bucket=bucket, Key=key)
        except ClientError as exc:
            # To those who may not list a bucket S3 answers 403 for a key that is not there.
            if _status(exc) in (403, 404):
                return False
            raise _storing_error(exc) from exc
        except (BotoCoreError, HTTPError) as exc:
            raise _storing_error(exc) from exc
        return byte_size is None or answer["ContentLength"] == byte_size

    def delete(self, bucket: str, key: str) -> None:
        """Remove the object; none is no error. Raises StoreUnavailable."""
        try:
            self._client.delete_object(Bucket=bucket, Key=key)
        except DRIVER_ERRORS as exc:
            raise _storing_error(exc) from exc

    def ping(self, bucket: str) -> None:
        """Raise StoreUnavailable when the bucket does not answer."""
        try:
            self._client.head_bucket(Bucket=bucket)
        except DRIVER_ERRORS as exc:
            raise _storing_error(exc) from exc

    def close(self) -> None:
        """Close the connections; a later call would open new ones."""
        with self._lock:
            opened, self._opened = self._opened, None
        if opened is not None:
            opened.close()

    @property
    def _client(self) -> Any:
        with self._lock:
            if self._opened is None:
                self._opened = self._open()
            return self._opened

    def _open(self) -> Any:
        settings = self._settings
        # A quarter of a second, a third of an embedder's imports, which a process without S3 does not pay.
        import boto3
        from botocore.config import Config

        config = Config(
            connect_timeout=settings.timeout_s,
            read_timeout=settings.timeout_s,
            retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
            max_pool_connections=CONNECTIONS,
            # Buckets of other makers' servers are paths, not host names, and few of these servers know AWS's new checksums.
            s3={"addressing_style": "path"} if settings.endpoint_url else {},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        key_id, secret = settings.access_key_id, settings.secret_access_key
        try:
            # boto3's default session is not safe to share between threads; a client is.
            return boto3.session.Session().client(
                "s3",
                endpoint_url=settings.endpoint_url,
                region_name=settings.region,
                aws_access_key_id=key_id.get_secret_value() if key_id else None,
                aws_secret_access_key=secret.get_secret_value() if secret else None,
                config=config,
            )
        except ValueError as exc:
            raise ConfigError(f"s3.endpoint_url: {exc}") from exc


def _status(exc: ClientError) -> int:
    return int(exc.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _reading_error(exc: Exception, uri: str) -> SourceError:
    if isinstance(exc, ClientError):
        status, code = _status(exc), exc.response.get("Error", {}).get("Code", "")
        if status == 404:
            return SourceNotFound(f"nothing at {uri}")
        if status in (408, 429) or status >= 500 or code in PASSING:
            return SourceUnavailable(f"the server of {uri} cannot answer now: {code or status}")
        if status in (401, 403):
            return SourceForbidden(f"{uri} may not be read: {code}")
        if status == 412:
            return SourceError(f"{uri} was replaced while it was read")
        return SourceError(f"{uri} cannot be read: {code or status}")
    if isinstance(exc, ConnectTimeoutError | ReadTimeoutError):
        return SourceTimeout(f"{uri} did not arrive in time")
    if isinstance(exc, ParamValidationError):
        return SourceInvalid(f"not a bucket and key of S3: {uri}")
    if isinstance(exc, NoCredentialsError):
        return SourceUnavailable("no credentials for S3 are set")
    return SourceUnavailable(f"the server of {uri} cannot be reached: {type(exc).__name__}")


def _storing_error(exc: Exception) -> StoreUnavailable:
    reason = exc.response.get("Error", {}).get("Code", "") if isinstance(exc, ClientError) else type(exc).__name__
    return StoreUnavailable(f"pictures cannot be stored: {reason}", store="blobs")
