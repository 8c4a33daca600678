"""Threads for what would block the event loop, a pool for each thing that can be slow on its own."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context
from functools import partial
from typing import ParamSpec, TypeVar

from imagesearch.errors import Overloaded

logger = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")


class Workers:
    """A pool of threads, and `queue` calls that may wait for one; one pool's hung calls never hold up another's."""

    def __init__(self, name: str, threads: int, queue: int) -> None:
        self._name = name
        self._pool = ThreadPoolExecutor(threads, name)
        self._most = threads + queue
        self.calls = 0
        """How many wait or run."""

    async def run(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Call the function in a thread, in the caller's context; its errors are raised here.
        Raises Overloaded where too many calls wait.

        Who gives up waiting costs nothing: a call that has not begun is dropped.
        """
        return (await self.ended(function, *args, **kwargs)).result()

    async def ended(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        """Do what `run` does, and return the call with its result or its error. Raises Overloaded."""
        if self.calls >= self._most:
            raise Overloaded(f"{self.calls} calls wait for {self._name} already")
        ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        call = self._begun(partial(function, *args, **kwargs), partial(_tell, ended))
        try:
            await ended
        except asyncio.CancelledError:
            call.cancel()
            raise
        return call

    def later(self, function: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
        """Call the function in a thread, for nobody who waits: not at all where too many calls do; its errors are logged."""
        if self.calls >= self._most:
            return
        self._begun(partial(function, *args, **kwargs), self._log)

    def _begun(self, function: Callable[[], R], then: Callable[[Future[R]], None]) -> Future[R]:
        """Give the call to a thread, in the caller's context; once it has ended the loop goes on with `then`."""
        context, loop = copy_context(), asyncio.get_running_loop()
        call = self._pool.submit(lambda: context.run(function))
        self.calls += 1
        # Counted until it has truly ended: one that cannot be dropped any more keeps its thread. Told by one wake of the loop,
        # where asyncio.wrap_future would need another.
        call.add_done_callback(lambda _: _soon(loop, lambda: self._end(call, then)))
        return call

    def _end(self, call: Future[R], then: Callable[[Future[R]], None]) -> None:
        self.calls -= 1
        then(call)

    def _log(self, call: Future[None]) -> None:
        error = None if call.cancelled() else call.exception()
        if error is not None:
            logger.error("a call of %s failed", self._name, exc_info=error)

    def close(self) -> None:
        """Take no more calls; those that run end by themselves."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def _tell(ended: asyncio.Future[None], call: Future[R]) -> None:
    if ended.done():
        return
    if call.cancelled():
        ended.cancel()
    else:
        ended.set_result(None)


def _soon(loop: asyncio.AbstractEventLoop, function: Callable[[], None]) -> None:
    # A loop that is closed has nobody left who counts.
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(function)
