"""Fills the device: one forward pass at a time over whatever has queued meanwhile."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from contextvars import Context, copy_context
from dataclasses import dataclass
from time import perf_counter, time_ns
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imagesearch.errors import EmbeddingFailed, ImageSearchError, ModelError, Overloaded
from imagesearch.metrics import EMBEDDER_QUEUE, PASS_PICTURES, PASS_SECONDS, Meter, Silent
from imagesearch.types import Vectors
from serve_app.workers import Workers
from telemetry.fields import logged_with, request_id
from telemetry.tracing import Tracer, Untraced

logger = logging.getLogger(__name__)

Rows = NDArray[Any]
"""What is embedded, one a row: prepared pictures, or texts as objects, shape (n,)."""


def forward_thread() -> Workers:
    """Return the thread that runs passes: of pictures, and of texts where it is shared, one waiting for the other."""
    return Workers("forward", 1, 1)


@dataclass(frozen=True, slots=True)
class Waiting:
    """One caller's pictures, or texts, the promise it waits on, and the context it called in: its request and its trace."""

    rows: Rows
    answer: asyncio.Future[Vectors]
    context: Context


class Batcher:
    """Gathers callers' pictures into forward passes of up to `max_batch_size`, run in one thread: its own, or one that it shares.

    Without a wait a pass takes what queued while the one before ran: a lone caller pays nothing for the batching. `max_batch_size`
    and `wait_ms` may change at any time. All calls come from one event loop. `what` a row is, for messages.
    """

    def __init__(
        self,
        forward: Callable[[Rows], Vectors],
        max_batch_size: int = 32,
        wait_ms: float = 0.0,
        max_waiting: int = 256,
        meter: Meter | None = None,
        tracer: Tracer | None = None,
        what: str = "picture",
        thread: Workers | None = None,
    ) -> None:
        self.max_batch_size = max_batch_size
        self.wait_ms = wait_ms
        self.failures = 0
        """Passes in a row that ended in an error which no picture explains: a broken device, no memory."""
        self._forward = forward
        self._max_waiting = max_waiting
        self._meter = meter or Silent()
        self._tracer = tracer or Untraced()
        self._queue: deque[Waiting] = deque()
        self._what = what
        self._thread = thread or forward_thread()
        self._running: asyncio.Task[None] | None = None

    async def embed(self, rows: Rows) -> Vectors:
        """Return one embedding a picture, in order. A caller that is cancelled before its pass costs no pass.

        Raises Overloaded when more than `max_waiting` pictures would wait, and EmbeddingFailed for these pictures alone, with
        `data["row"]` counted from the first of them; other errors of the forward pass to all callers of that pass: ModelError
        for what is none of ours.
        """
        waiting = self._waiting()
        if waiting and waiting + len(rows) > self._max_waiting:
            raise Overloaded(f"{waiting} {self._what}s wait for the model already")
        item = Waiting(rows, asyncio.get_running_loop().create_future(), copy_context())
        self._queue.append(item)
        if self._running is None or self._running.done():
            # In a context of its own: it works for others than this caller too.
            self._running = asyncio.create_task(self._run(), context=Context())
        return await item.answer

    def close(self) -> None:
        """Stop after the running pass; whoever still waits is cancelled."""
        for item in self._queue:
            item.answer.cancel()
        self._queue.clear()
        self._thread.close()

    def _waiting(self) -> int:
        return sum(len(item.rows) for item in self._queue if not item.answer.done())

    async def _run(self) -> None:
        while self._queue:
            if self.wait_ms:
                await asyncio.sleep(self.wait_ms / 1000)
            self._meter.record(EMBEDDER_QUEUE, self._waiting())
            batch = self._take()
            while batch:
                with logged_with(request_ids=[one for one in (request_id(item.context) for item in batch) if one]):
                    batch = await self._pass(batch)

    def _take(self) -> list[Waiting]:
        """Take from the queue's head what fits one pass, at least one caller; those who gave up meanwhile are dropped."""
        batch: list[Waiting] = []
        while self._queue:
            item = self._queue[0]
            if not item.answer.done():
                size = sum(len(w.rows) for w in batch) + len(item.rows)
                if batch and (size > self.max_batch_size or item.rows.shape[1:] != batch[0].rows.shape[1:]):
                    break
                batch.append(item)
            self._queue.popleft()
        return batch

    async def _pass(self, batch: list[Waiting]) -> list[Waiting]:
        """Run one pass and answer its callers; return those to be tried again, without the one that spoilt it."""
        started, started_ns = perf_counter(), time_ns()
        passed = await self._thread.ended(self._forward_all, batch)
        seconds, count = perf_counter() - started, sum(len(item.rows) for item in batch)
        self._meter.record(PASS_SECONDS, seconds)
        self._meter.record(PASS_PICTURES, count)
        for item in batch:
            item.context.run(self._tracer.past, "forward", started_ns, **{f"imagesearch__{self._what}s": count})
        error = passed.exception()
        told = {f"{self._what}s": count, "ms": round(1000 * seconds, 3)}
        if error is None or isinstance(error, ImageSearchError):
            self.failures = 0
            logger.debug("a forward pass over %d %ss", count, self._what, extra=told)
        else:
            self.failures += 1
            logger.error("a forward pass over %d %ss failed", count, self._what, exc_info=error, extra=told)
            error = ModelError(f"the model failed on a batch: {type(error).__name__}")
        row = error.data.get("row") if isinstance(error, EmbeddingFailed) else None
        again: list[Waiting] = []
        first = 0
        for item in batch:
            after = first + len(item.rows)
            if item.answer.done():
                pass  # the caller gave up
            elif error is None:
                item.answer.set_result(passed.result()[first:after])
            elif row is None:
                item.answer.set_exception(error)
            elif first <= row < after:
                reason = f"the model gave no usable vector for this {self._what}"
                item.answer.set_exception(EmbeddingFailed(reason, row=row - first))
            else:
                again.append(item)
            first = after
        return again

    def _forward_all(self, batch: list[Waiting]) -> Vectors:
        return self._forward(np.concatenate([item.rows for item in batch]))
