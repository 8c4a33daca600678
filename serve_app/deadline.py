"""The time that a request has: what its caller gives it, within what the settings do."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.requests import Request

from imagesearch.errors import DeadlineExceeded, InputError

HEADER = "X-Timeout-Ms"
MILLISECONDS = re.compile(r"[0-9]{1,9}", re.ASCII)


@asynccontextmanager
async def deadline(request: Request, most_s: float) -> AsyncIterator[None]:
    """Give the block up once the time is over: what of it still waits, for a thread or the model, is dropped before it costs any.

    Raises DeadlineExceeded, and InputError for a header that is no number of milliseconds.
    """
    given = request.headers.get(HEADER)
    if given is not None and not MILLISECONDS.fullmatch(given):
        raise InputError(f"{HEADER}: is not a number of milliseconds", errors=[{"field": HEADER, "message": "not a number"}])
    seconds = min(most_s, int(given) / 1000) if given else most_s
    try:
        async with asyncio.timeout(seconds) as time:
            yield
    except TimeoutError as exc:
        if time.expired():
            raise DeadlineExceeded(f"not done within {seconds:g} s") from exc
        raise
