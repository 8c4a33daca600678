"""The outermost layer: gives a request its id and trace, answers for errors that nobody expected, hardens and counts answers."""

from __future__ import annotations

import logging
import uuid
from time import perf_counter

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from imagesearch.metrics import REQUEST_SECONDS, REQUESTS, Meter, Silent
from serve_app.problems import problem
from telemetry.fields import REQUEST_ID, logged_with
from telemetry.tracing import Span, Tracer, Untraced

logger = logging.getLogger(__name__)

METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


class Edge:
    """ASGI middleware around the whole service; the one place that catches any exception, since beyond it is only the server.

    `echoed`: whether the server puts the X-Request-ID that a request came with on its answer, as Serve's proxy does.
    """

    def __init__(self, app: ASGIApp, meter: Meter | None = None, tracer: Tracer | None = None, *, echoed: bool = False) -> None:
        self._app = app
        self._meter = meter or Silent()
        self._tracer = tracer or Untraced()
        self._echoed = echoed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; everything but HTTP passes as it is."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        request_id = given if REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id
        with logged_with(request_id=request_id), self._tracer.served(_method(scope["method"]), headers) as span:
            span.set(http__request__method=_method(scope["method"]), imagesearch__request_id=request_id)
            answer_id = request_id if request_id != given or not self._echoed else None
            await self._serve(scope, receive, send, span, answer_id)

    async def _serve(self, scope: Scope, receive: Receive, send: Send, span: Span, answer_id: str | None) -> None:
        started = False
        begun = perf_counter()

        async def send_hardened(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                self._tell(scope, message["status"], perf_counter() - begun, span)
                headers = MutableHeaders(scope=message)
                # Bytes of strangers are never to be taken for a script or a page.
                headers["x-content-type-options"] = "nosniff"
                if answer_id is not None:
                    headers["x-request-id"] = answer_id
            await send(message)

        try:
            await self._app(scope, receive, send_hardened)
        except ClientDisconnect:
            logger.debug("the caller hung up")
        except Exception:  # the edge of a request: logged with its id, and answered with 500 where nothing was answered yet
            logger.exception("the request failed", extra={"code": "internal_error"})
            if started:
                raise
            response = problem(scope, 500, "internal_error", "the service failed; the request_id finds the cause in its log")
            await response(scope, receive, send_hardened)

    def _tell(self, scope: Scope, status: int, seconds: float, span: Span) -> None:
        """Count the answer, trace it, and log it for whoever debugs: a line for each request costs the slowest of them dear."""
        # The route's pattern, and for none of them nothing that a caller made up: each new value is a new series.
        tags = {"route": str(getattr(scope.get("route"), "path", "none")), "method": _method(scope["method"])}
        code = scope["state"].get("code", "")
        self._meter.record(REQUESTS, 1, **tags, status=str(status), code=code)
        self._meter.record(REQUEST_SECONDS, seconds, **tags)
        span.name(f"{tags['method']} {tags['route']}")
        span.set(http__route=tags["route"], http__response__status_code=status)
        if code:
            span.set(error__type=code)
        told = {**tags, "status": status, "ms": round(1000 * seconds, 3), **({"code": code} if code else {})}
        logger.debug("%s %s: %d", tags["method"], tags["route"], status, extra=told)


def _method(given: str) -> str:
    return given if given in METHODS else "other"
