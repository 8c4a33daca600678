"""The outermost layer: gives a request its id, answers for errors that nobody expected, hardens every answer."""

from __future__ import annotations

import logging
import re
import uuid

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serve_app.problems import problem

logger = logging.getLogger(__name__)

# What a proxy before us (Ray Serve's, or any other) may have given; anything else could forge lines of the log.
REQUEST_ID = re.compile(r"[A-Za-z0-9_.-]{1,128}")


class Edge:
    """ASGI middleware around the whole service; the one place that catches any exception, since beyond it is only the server."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; everything but HTTP passes as it is."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id
        started = False

        async def send_hardened(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
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
