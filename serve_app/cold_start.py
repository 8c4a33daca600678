"""Who embeds while the embedder's first replica starts: a small one of the same model, on the CPU."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import replace
from time import monotonic
from typing import Any

from imagesearch.errors import StoreUnavailable
from imagesearch.ports import Embedder
from imagesearch.types import Embedded, PixelBatch

logger = logging.getLogger(__name__)

# A replica that runs has mostly answered by then; only for what takes longer is it asked whether there is one.
PATIENCE_S = 0.25
# Behind a replica that is busy every call takes longer: Serve's controller is not asked on behalf of each.
KNOWN_S = 1.0

Ask = Callable[[Embedder], Coroutine[Any, Any, Embedded]]


class ColdStart:
    """ports.Embedder over two: `embedder`, and `cold` for as long as `running` says that the former has no replica.

    One call to the embedder is left waiting meanwhile: it is what makes Serve start a replica, and its answer shows that there is
    one. Then `cold` is asked no more.
    """

    def __init__(self, embedder: Embedder, cold: Embedder, running: Callable[[], Awaitable[bool]]) -> None:
        self.fingerprint = embedder.fingerprint
        self._embedder = embedder
        self._cold = cold
        self._running = running
        self._seen_running = -KNOWN_S
        self._starting: asyncio.Task[Embedded] | None = None

    async def embed(self, pixels: PixelBatch) -> Embedded:
        """Return one embedding a picture, in order. Raises what the two raise."""
        return await self._answer(lambda one: one.embed(pixels))

    async def embed_texts(self, texts: Sequence[str]) -> Embedded:
        """Return one embedding a text, in order. Raises what the two raise."""
        return await self._answer(lambda one: one.embed_texts(texts))

    async def _answer(self, ask: Ask) -> Embedded:
        if not self._is_starting():
            call = asyncio.create_task(ask(self._embedder))
            try:
                if await self._answers(call):
                    return await call
            except asyncio.CancelledError:
                # The caller hung up: nobody else waits for this call.
                call.cancel()
                raise
            if self._is_starting():
                # Of those who came together one is enough.
                call.cancel()
            else:
                self._starting = call
                call.add_done_callback(_ended)
                logger.info("no replica of the embedder runs; until one does, the CPU answers")
        try:
            return replace(await ask(self._cold), cold=True)
        except StoreUnavailable as exc:
            logger.warning("the embedder on the CPU does not answer, so its caller waits for the other: %s", exc.detail)
            return await ask(self._embedder)

    def _is_starting(self) -> bool:
        return self._starting is not None and not self._starting.done()

    async def _answers(self, call: asyncio.Task[Embedded]) -> bool:
        """Say whether the call has ended, or there is a replica that it waits for."""
        done, _ = await asyncio.wait({call}, timeout=PATIENCE_S)
        if done or monotonic() < self._seen_running + KNOWN_S:
            return True
        if not await self._running():
            return call.done()
        self._seen_running = monotonic()
        return True


def _ended(call: asyncio.Task[Embedded]) -> None:
    if not call.cancelled() and call.exception() is not None:
        logger.warning("the embedder did not start for a search that the CPU has answered: %s", call.exception())
