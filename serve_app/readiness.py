"""Asks every store at once whether it answers, within a bound that no hung store can stretch."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from time import perf_counter

from imagesearch.errors import StoreError
from imagesearch.ports import Pinged

PING_TIMEOUT_S = 2.0


@dataclass(frozen=True, slots=True)
class Ping:
    """One store's answer: `up`, and how long it took or was waited for, in milliseconds."""

    up: bool
    ms: float


class StorePings:
    """Pings the stores in a thread each; a ping that still hangs is joined, not repeated, so that no thread piles up."""

    def __init__(self, stores: Mapping[str, Pinged]) -> None:
        self._stores = dict(stores)
        self._threads = {name: ThreadPoolExecutor(1, f"ping-{name}") for name in self._stores}
        self._running: dict[str, Future[None]] = {}

    async def all(self) -> dict[str, Ping]:
        """Return the state of every store, after two seconds at the latest; a store is down when it refuses or does not answer."""
        pings = await asyncio.gather(*map(self._one, self._stores))
        return dict(zip(self._stores, pings, strict=True))

    def close(self) -> None:
        """Stop pinging."""
        for thread in self._threads.values():
            thread.shutdown(wait=False, cancel_futures=True)

    async def _one(self, name: str) -> Ping:
        started = perf_counter()
        running = self._running.get(name)
        if running is None or running.done():
            running = self._running[name] = self._threads[name].submit(self._stores[name].ping)
        try:
            # Shielded: the bound ends this wait, not the ping that others may have joined.
            await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(running)), PING_TIMEOUT_S)
            up = True
        except (StoreError, TimeoutError):
            up = False
        return Ping(up, round(1000 * (perf_counter() - started), 3))
