"""How old the oldest add request is that still waits, as far as a second ago."""

from __future__ import annotations

import asyncio
from time import monotonic

from imagesearch.stores.sql.add_log import AddLog
from serve_app.workers import Workers

FRESH_S = 1.0


class Lag:
    """Asks SQL once a second at most, however many searches tell it."""

    def __init__(self, add_log: AddLog, sql: Workers) -> None:
        self._add_log = add_log
        self._sql = sql
        self._seconds: float | None = None
        self._asked = -FRESH_S
        self._asking = asyncio.Lock()

    async def seconds(self) -> float | None:
        """Return the age in seconds, None where nothing waits. Raises StoreError."""
        async with self._asking:
            now = monotonic()
            if now - self._asked >= FRESH_S:
                self._seconds = await self._sql.run(self._add_log.oldest_pending_s)
                self._asked = now
            return self._seconds
