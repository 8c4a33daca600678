"""The outermost layer: gives a request its id, answers for errors that nobody expected, hardens every answer, counts it."""

from __future__ import annotations

import logging
import re
import uuid
from time import perf_counter

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from imagesearch.metrics import REQUEST_SECONDS, REQUESTS, Meter, Silent
from serve_app.problems import problem

logger = logging.getLogger(__name__)

# What a proxy before us (Ray Serve's, or any other) may have given; anything else could forge lines of the log.
REQUEST_ID = re.compile(r"[A-Za-z0-9_.-]{1,128}")
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


class Edge:
    """ASGI middleware around the whole service; the one place that catches any exception, since beyond it is only the server."""

    def __init__(self, app: ASGIApp, meter: Meter | None = None) -> None:
        self._app = app
        self._meter = meter or Silent()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; everything but HTTP passes as it is."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id
        started = False
        begun = perf_counter()

        async def send_hardened(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                self._count(scope, message["status"], perf_counter() - begun)
                # Bytes of strangers are never to be taken for a script or a page.
                MutableHeaders(scope=message)["x-content-type-options"] = "nosniff"
            await send(message)

        try:
            await self._app(scope, receive, send_hardened)
        except ClientDisconnect:
            logger.debug("request %s: the caller hung up", request_id)
        except Exception:  # the edge of a request: logged with its id, and answered with 500 where nothing was answered yet
            logger.exception("request %s failed", request_id)
            if started:
                raise
            response = problem(scope, 500, "internal_error", "the service failed; the request_id finds the cause in its log")
            await response(scope, receive, send_hardened)

    def _count(self, scope: Scope, status: int, seconds: float) -> None:
        # The route's pattern, and for none of them nothing that a caller made up: each new value is a new series.
        tags = {"route": str(getattr(scope.get("route"), "path", "none")), "method": _method(scope["method"])}
        self._meter.record(REQUESTS, 1, **tags, status=str(status), code=scope["state"].get("code", ""))
        self._meter.record(REQUEST_SECONDS, seconds, **tags)


def _method(given: str) -> str:
    return given if given in METHODS else "other"
