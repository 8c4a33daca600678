"""Pictures by HTTP, from hosts that a stranger names: no way from here into a private network."""

from __future__ import annotations

import time
from dataclasses import dataclass
from urllib.parse import quote, urljoin, urlsplit

import httpcore

from config.sections import SourceSettings
from imagesearch.errors import (
    EmptyImage,
    SourceError,
    SourceForbidden,
    SourceInvalid,
    SourceNotFound,
    SourceTimeout,
    SourceUnavailable,
    TooManyBytes,
)
from imagesearch.images.pinned import DEADLINE, PinnedBackend, remaining

DEFAULT_PORTS = {"http": 80, "https": 443}
REDIRECTS = {301, 302, 303, 307, 308}
CONNECTIONS = 64
KEEPALIVE_S = 5.0
USER_AGENT = "ray-imagesearch/0.1"
# What may stand in a path or query as it is; `%` too, for escapes that the URL already carries.
KEPT = "%/:=&?~#+!$,;'@()*[]|"


@dataclass(frozen=True, slots=True)
class Target:
    """A checked URL, in the parts that a request is made of."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def url(self) -> str:
        """The URL again, without its fragment."""
        return f"{self.scheme}://{self.authority}{self.path}"

    @property
    def authority(self) -> str:
        """Host and port as the Host header has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


class HttpSource:
    """Fetches http and https URLs as an anonymous visitor: no cookies, no credentials, no proxy. Thread-safe."""

    def __init__(self, settings: SourceSettings, max_bytes: int) -> None:
        self._hosts = tuple(host.lower() for host in settings.http_hosts)
        self._timeout_s = settings.http_timeout_s
        self._redirects = settings.http_redirects
        self._max_bytes = max_bytes
        self._backend = PinnedBackend(settings.http_private_hosts)
        self._pool = httpcore.ConnectionPool(
            # Shared, because building one reads the whole list of authorities.
            ssl_context=httpcore.default_ssl_context(),
            max_connections=CONNECTIONS,
            keepalive_expiry=KEEPALIVE_S,
            network_backend=self._backend,
        )

    def read(self, url: str) -> bytes:
        """Return the body behind a URL, redirects followed, each checked like the first, all within one deadline.

        Raises SourceInvalid, SourceForbidden, SourceNotFound, SourceTimeout, SourceUnavailable, plain SourceError for any
        other answer, TooManyBytes, EmptyImage.
        """
        token = DEADLINE.set(time.monotonic() + self._timeout_s)
        try:
            target = self._checked(url)
            for _ in range(self._redirects + 1):
                found = self._fetch(target, url)
                if isinstance(found, bytes):
                    return found
                following = self._checked(found, base=target.url)
                if target.scheme == "https" and following.scheme == "http":
                    raise SourceForbidden(f"{url} leads from https to http")
                target = following
        except httpcore.TimeoutException as exc:
            raise SourceTimeout(f"{url} did not arrive within {self._timeout_s:g} seconds") from exc
        except (httpcore.NetworkError, httpcore.RemoteProtocolError) as exc:
            raise SourceUnavailable(f"{url} cannot be reached: {type(exc).__name__}") from exc
        except httpcore.LocalProtocolError as exc:
            raise SourceInvalid(f"not a URL that can be asked for: {url!r}") from exc
        finally:
            DEADLINE.reset(token)
        raise SourceError(f"{url} redirects more than {self._redirects} times")

    def close(self) -> None:
        """Close the connections."""
        self._pool.close()
        self._backend.close()

    def _checked(self, url: str, base: str = "") -> Target:
        """Take a URL apart, relative to `base`, and refuse what its text alone forbids. Raises SourceInvalid, SourceForbidden."""
        if any(character <= " " or character == "\x7f" for character in url) or "\\" in url:
            # Parsers disagree about these, and what is checked must be what is asked for.
            raise SourceInvalid(f"not a URL: {url!r}")
        try:
            parts = urlsplit(urljoin(base, url))
            port = parts.port
            host = (parts.hostname or "").encode("idna").decode().rstrip(".") if parts.netloc else ""
            path = quote(parts.path or "/", KEPT) + (f"?{quote(parts.query, KEPT)}" if parts.query else "")
        except ValueError as exc:
            raise SourceInvalid(f"not a URL: {url!r}") from exc
        if parts.scheme not in DEFAULT_PORTS or not host or port == 0:
            raise SourceInvalid(f"not an http or https URL: {url!r}")
        if "@" in parts.netloc:
            raise SourceForbidden("a URL with a user name is not fetched")
        if self._hosts and not any(_matches(host, allowed) for allowed in self._hosts):
            raise SourceForbidden(f"not an allowed host: {host}")
        return Target(parts.scheme, host, port or DEFAULT_PORTS[parts.scheme], path)

    def _fetch(self, target: Target, url: str) -> bytes | str:
        """Return the body, or the Location of a redirect; errors speak of `url`, which the caller knows."""
        address = httpcore.URL(scheme=target.scheme, host=target.host, port=target.port, target=target.path)
        headers = [("Host", target.authority), ("User-Agent", USER_AGENT), ("Accept", "image/*"), ("Accept-Encoding", "identity")]
        waiting = {"timeout": {"pool": remaining(httpcore.PoolTimeout)}}
        with self._pool.stream("GET", address, headers=headers, extensions=waiting) as response:
            answered = {name.lower(): value for name, value in response.headers}
            if response.status in REDIRECTS and b"location" in answered:
                return answered[b"location"].decode("utf-8", "replace")
            if response.status != 200:
                raise _refusal(response.status, url)
            if int(answered.get(b"content-length", b"0")) > self._max_bytes:
                raise TooManyBytes(f"{url} has more than {self._max_bytes} bytes")
            body = bytearray()
            for chunk in response.iter_stream():
                body += chunk
                if len(body) > self._max_bytes:
                    raise TooManyBytes(f"{url} has more than {self._max_bytes} bytes")
        if not body:
            raise EmptyImage(f"{url} has no bytes")
        return bytes(body)


def _matches(host: str, allowed: str) -> bool:
    return host.endswith(allowed[1:]) if allowed.startswith("*.") else host == allowed


def _refusal(status: int, url: str) -> SourceError:
    if status in (404, 410):
        return SourceNotFound(f"{url} answers {status}")
    if status in (401, 403):
        return SourceForbidden(f"{url} answers {status}")
    if status == 408:
        return SourceTimeout(f"{url} answers {status}")
    if status == 429 or status >= 500:
        return SourceUnavailable(f"{url} answers {status}")
    return SourceError(f"{url} answers {status}")
