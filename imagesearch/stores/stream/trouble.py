"""Counts what went wrong and tells of it ever more rarely: an outage of an hour is some lines of the log, not a million."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from time import monotonic

# Trouble after so long a peace is a new one, and told at once.
PEACE_S = 60.0


class Trouble:
    """One kind of trouble of a process. Thread-safe."""

    def __init__(self, logger: logging.Logger, words: str, clock: Callable[[], float] = monotonic) -> None:
        self.count = 0
        self._logger = logger
        self._words = words
        self._clock = clock
        self._lock = threading.Lock()
        self._of_late = 0
        self._last = clock()

    def add(self, reason: str, count: int = 1) -> None:
        """Count, and log whenever the number has doubled since it was told."""
        with self._lock:
            now = self._clock()
            before = 0 if now - self._last > PEACE_S else self._of_late
            self._last, self._of_late = now, before + count
            self.count = total = self.count + count
        if before.bit_length() != (before + count).bit_length():
            self._logger.warning("%s (%s), %d so far", self._words, reason, total)
