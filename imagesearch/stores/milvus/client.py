"""The connection to Milvus: made on first use, made again after a failure, its errors translated."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import grpc
from pymilvus import MilvusClient, MilvusException

from config.sections import MilvusSettings
from imagesearch.errors import StoreBusy, StoreError, StoreUnavailable

# Words of servers and of the client that mean "not now": there is no stable code for them across 2.3 to 3.x.
AWAY = (
    "not loaded",
    "released",
    "unavailable",
    "timeout",
    "deadline",
    "not connected",
    "closed channel",
    "fail connecting",
    "no available",
    "not ready",
)
BUSY = ("rate limit", "quota", "denyto", "force deny", "memory")


class MilvusConnection:
    """One lazily opened client, shared by threads."""

    def __init__(self, settings: MilvusSettings) -> None:
        self._settings = settings
        self._client: MilvusClient | None = None
        self._lock = threading.Lock()

    @contextmanager
    def client(self) -> Iterator[MilvusClient]:
        """Yield the client; errors leave as StoreUnavailable, StoreBusy or StoreError.

        gRPC's channel mends itself when the server returns, so a client that once connected is kept.
        """
        try:
            yield self._connected()
        except MilvusException as exc:
            raise translation(exc) from exc
        except grpc.RpcError as exc:
            raise StoreUnavailable(f"Milvus does not answer: {exc.code().name}", store="milvus") from exc
        except ValueError as exc:
            # A channel that another thread closed raises a bare ValueError.
            if "closed channel" not in str(exc):
                raise
            raise StoreUnavailable("the connection to Milvus was closed", store="milvus") from exc

    def _connected(self) -> MilvusClient:
        with self._lock:
            if self._client is None:
                token = self._settings.token.get_secret_value() if self._settings.token else ""
                self._client = MilvusClient(
                    uri=self._settings.uri,
                    token=token,
                    db_name=self._settings.database,
                    timeout=self._settings.timeout_s,
                    dedicated=True,
                )
            return self._client

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()


def translation(exc: MilvusException) -> StoreError:
    """Return the project's own error for the client's."""
    words = exc.message.lower() if isinstance(exc.message, str) else ""
    if any(word in words for word in BUSY):
        return StoreBusy(f"Milvus refuses work for now: {exc.message}", store="milvus")
    if exc.retriable or isinstance(exc.code, grpc.StatusCode) or any(word in words for word in AWAY):
        return StoreUnavailable(f"Milvus does not answer: {exc.message}", store="milvus")
    return StoreError(f"Milvus refused: {exc.message}", store="milvus")
