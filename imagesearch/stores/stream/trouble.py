"""Counts what went wrong and tells of it ever more rarely: an outage of an hour is some lines of the log, not a million."""

from __future__ import annotations

import logging
import threading


class Trouble:
    """One kind of trouble of a process. Thread-safe."""

    def __init__(self, logger: logging.Logger, words: str) -> None:
        self.count = 0
        self._logger = logger
        self._words = words
        self._lock = threading.Lock()

    def add(self, reason: str, count: int = 1) -> None:
        """Count, and log whenever the number has doubled since it was told."""
        with self._lock:
            before = self.count
            self.count = total = before + count
        if before.bit_length() != total.bit_length():
            self._logger.warning("%s (%s), %d so far", self._words, reason, total)
