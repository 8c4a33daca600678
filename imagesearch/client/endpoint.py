"""One service as a client knows it: all that is not sending is here, and the same for both clients."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import httpx

from imagesearch.client.call import Call
from imagesearch.client.outgoing import Outgoing, prepare
from imagesearch.client.retry import Retry
from imagesearch.errors import ConfigError

# Nothing that ends a header or that a header cannot carry.
KEY = re.compile(r"[!-~]+", re.ASCII)
CONNECT_S = 5.0


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the service is, what opens it, and how patient one is with it. Raises ConfigError for a URL or a key that is none."""

    base_url: str
    api_key: str | None = field(repr=False)
    max_bytes: int
    timeout_s: float
    retry: Retry

    def __post_init__(self) -> None:
        try:
            url = httpx.URL(self.base_url)
        except (httpx.InvalidURL, TypeError) as exc:
            raise ConfigError(f"{self.base_url!r} is not a URL") from exc
        if url.scheme not in ("http", "https") or not url.host:
            raise ConfigError(f"{self.base_url!r} is not an http:// or https:// URL")
        if self.api_key is not None and not KEY.fullmatch(self.api_key):
            raise ConfigError("the API key has a space, a line end or another character that no key has")

    @property
    def http_options(self) -> dict[str, Any]:
        """What httpx's clients are made with."""
        # The environment's proxies are for the world outside, not for one's own service.
        headers = {"Authorization": f"Bearer {self.api_key}"} if self.api_key else {}
        return {"base_url": self.base_url, "headers": headers, "trust_env": False}

    def prepare(self, call: Call[Any]) -> Outgoing:
        """Make a call ready to be sent; reads its files. Raises InputError, SourceError or ImageError."""
        return prepare(call, self.max_bytes, httpx.Timeout(self.timeout_s, connect=CONNECT_S))
