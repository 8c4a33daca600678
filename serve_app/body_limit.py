"""Bounds a request's body in size, file parts of forms included, which Starlette does not, and in time."""

from __future__ import annotations

import asyncio
from time import monotonic

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from imagesearch.errors import BodyTooLarge, BodyTooSlow
from serve_app.problems import problem_of

# Bytes that buy another second: a slow line has several times as many, and who keeps a request open for nothing has to send them.
BYTES_PER_S = 16 * 1024


class BodyLimit:
    """ASGI middleware: refuses by Content-Length at once, else counts what really comes; the answer is a 413 or 408 problem.

    Out of the route's reading of it a body over the limit raises BodyTooLarge, one that keeps it waiting too long BodyTooSlow.
    """

    def __init__(self, app: ASGIApp, max_bytes: int, timeout_s: float) -> None:
        self._app = app
        self._max_bytes = max_bytes
        self._timeout_s = timeout_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; everything but HTTP passes as it is."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        error = BodyTooLarge(f"the body is over the limit of {self._max_bytes} bytes")
        announced = Headers(scope=scope).get("content-length", "")
        if announced.isdecimal() and int(announced[:20]) > self._max_bytes:
            await problem_of(scope, error)(scope, receive, send)
            return
        received, waited, whole = 0, 0.0, False

        async def receive_counted() -> Message:
            nonlocal received, waited, whole
            if whole:
                # What comes now is that the caller hangs up.
                return await receive()
            begun = monotonic()
            most = self._timeout_s + received / BYTES_PER_S
            try:
                async with asyncio.timeout(most - waited):
                    message = await receive()
            except TimeoutError as exc:
                raise BodyTooSlow(f"{received} bytes of the body came in {most:g} s") from exc
            waited += monotonic() - begun
            received += len(message.get("body", b""))
            whole = not message.get("more_body", False)
            if received > self._max_bytes:
                raise error
            return message

        await self._app(scope, receive_counted, send)
