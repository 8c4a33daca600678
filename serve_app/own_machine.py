"""Who may call a service without keys: programs and pages of this machine, not a stranger's page in somebody's browser."""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from imagesearch.errors import Forbidden
from serve_app.open_door import is_loopback

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class OwnMachine:
    """Raises Forbidden for others. `hosts`: names by which the service may be called, beside those of this machine.

    Bound to a loopback address it is reached from here only; but so is a browser, and whoever wrote the page that is open in it may
    send forms here, or have his own name lead here and read the answers.
    """

    def __init__(self, hosts: Collection[str]) -> None:
        self._hosts = frozenset(host.lower() for host in hosts)

    def check(self, method: str, headers: Headers) -> None:
        """Judge a request by the name that it was sent to, and one that may change something by the page that sent it."""
        called = headers.get("host", "")
        # Programs without any name are no browsers.
        if called and not self._knows(f"//{called}"):
            raise Forbidden(f"a service without keys does not answer to the name {called!r}: call 127.0.0.1, or set auth.hosts")
        if method in SAFE:
            return
        origin = headers.get("origin")
        is_foreign = headers.get("sec-fetch-site") == "cross-site" if origin is None else not self._knows(origin)
        if is_foreign:
            raise Forbidden("a page from elsewhere may not call a service without keys; set auth.hosts where it is yours")

    def _knows(self, url: str) -> bool:
        try:
            host = urlsplit(url).hostname
        except ValueError:
            return False
        # Browsers ask nobody where names below localhost lead.
        return host is not None and (host in self._hosts or is_loopback(host) or host.endswith(".localhost"))
