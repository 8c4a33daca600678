"""Connections that go only to the address that was checked, and end at one deadline."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from contextvars import ContextVar
from typing import Any

import httpcore

from imagesearch.errors import SourceForbidden, SourceInvalid, SourceNotFound, SourceUnavailable
from imagesearch.images.public_address import is_public

# A fetch runs in one thread from its first lookup to its last byte, over connections that outlive it: so the deadline belongs
# to the thread's context, not to the connection.
DEADLINE: ContextVar[float] = ContextVar("deadline")
"""When the current fetch must be over, on the clock of time.monotonic()."""

# getaddrinfo cannot be interrupted; a resolver that never answers holds one of these, not the fetch.
LOOKUP_THREADS = 8


def remaining(late: type[httpcore.TimeoutException]) -> float:
    """Return the seconds left of the current fetch. Raises `late` when there are none."""
    seconds = DEADLINE.get() - time.monotonic()
    if seconds <= 0:
        raise late("the time for this fetch is over")
    return seconds


class PinnedBackend(httpcore.NetworkBackend):
    """Resolves a name once, refuses it unless every address is public, and connects to one of those very addresses.

    A second lookup, which a hostile name server could answer with another address, never happens.
    """

    def __init__(self, private_hosts: Iterable[str]) -> None:
        self._private_hosts = frozenset(host.lower() for host in private_hosts)
        self._tcp = httpcore.SyncBackend()
        self._lookups = ThreadPoolExecutor(LOOKUP_THREADS, thread_name_prefix="lookup")

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first address of `host` that answers. `timeout` yields to the fetch's deadline.

        Raises SourceForbidden for an address that is not public, SourceNotFound and SourceUnavailable for a name that does
        not resolve, and httpcore's errors for a connection that fails.
        """
        failure: httpcore.ConnectError | None = None
        for address in self._addresses(host, port):
            try:
                stream = self._tcp.connect_tcp(address, port, remaining(httpcore.ConnectTimeout), local_address, socket_options)
            except httpcore.ConnectError as exc:
                failure = exc
            else:
                return TimedStream(stream)
        raise failure or httpcore.ConnectError("the name has no address")

    def close(self) -> None:
        """Give up the lookups that wait."""
        self._lookups.shutdown(wait=False, cancel_futures=True)

    def _addresses(self, host: str, port: int) -> list[str]:
        lookup = self._lookups.submit(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
        try:
            found = lookup.result(remaining(httpcore.ConnectTimeout))
        except FutureTimeout as exc:
            lookup.cancel()
            raise httpcore.ConnectTimeout("the name was not resolved in time") from exc
        except socket.gaierror as exc:
            if exc.errno in (socket.EAI_NONAME, socket.EAI_NODATA):
                raise SourceNotFound(f"no such host: {host}") from exc
            raise SourceUnavailable(f"the name of {host} cannot be resolved now") from exc
        except UnicodeError as exc:
            raise SourceInvalid(f"not a host name: {host!r}") from exc
        addresses = [str(entry[4][0]) for entry in found]
        if f"{host}:{port}".lower() not in self._private_hosts and not all(map(is_public, addresses)):
            raise SourceForbidden(f"{host} does not lie on the public internet")
        return addresses


class TimedStream(httpcore.NetworkStream):
    """A stream each of whose steps gets what is left of the fetch's time, so that a server that drips cannot hold it longer."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read up to `max_bytes`. Raises httpcore.ReadTimeout at the deadline, and httpcore.ReadError."""
        return self._stream.read(max_bytes, remaining(httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write all of `buffer`. Raises httpcore.WriteTimeout at the deadline, and httpcore.WriteError."""
        self._stream.write(buffer, remaining(httpcore.WriteTimeout))

    def close(self) -> None:
        """Close the connection."""
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """Shake hands under the name of the URL, not the address. Raises httpcore's ConnectTimeout and ConnectError."""
        return TimedStream(self._stream.start_tls(ssl_context, server_hostname, remaining(httpcore.ConnectTimeout)))

    def get_extra_info(self, info: str) -> Any:
        """Answer as the stream below; the pool asks whether an idle connection is still good."""
        return self._stream.get_extra_info(info)
