"""Drives a feed in a thread of its own: a store that hangs holds up neither the batches in flight nor the end of the load."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection
from time import monotonic

from imagesearch.errors import StoreError
from imagesearch.types import LogRow
from jobs.feed import Feed

logger = logging.getLogger(__name__)

# Pauses between calls of a feed whose store is down: doubled from the first to the last.
FIRST_PAUSE_S = 0.2
LAST_PAUSE_S = 5.0


class Intake:
    """Holds one batch ready. `patience_s`: how long a store may stay away before that ends the load; None: for ever."""

    def __init__(self, feed: Feed, pause_s: float, patience_s: float | None) -> None:
        self._feed = feed
        self._pause_s = pause_s
        self._patience_s = patience_s
        self._changed = threading.Condition()
        self._ready: list[LogRow] = []
        self._settled: list[tuple[Collection[int], bool]] = []
        self._ended = False
        self._stop = False
        self._error: BaseException | None = None
        # A daemon: a call that never returns must not keep a process that was told to end.
        self._thread = threading.Thread(target=self._run, name="intake", daemon=True)

    def start(self) -> None:
        """Begin to ask the feed."""
        self._thread.start()

    def take(self, timeout_s: float) -> list[LogRow]:
        """Return the batch that is ready, or [] when there is none in time. Raises what the feed raised."""
        with self._changed:
            self._changed.wait_for(lambda: self._ready or self._ended or self._error, timeout_s)
            if self._error is not None:
                raise self._error
            rows, self._ready = self._ready, []
            self._changed.notify_all()
            return rows

    @property
    def ended(self) -> bool:
        """Whether the feed has no more batches, and the last was taken."""
        with self._changed:
            return self._ended and not self._ready

    def settled(self, log_ids: Collection[int], *, final: bool) -> None:
        """Let the feed know, as soon as its thread is free."""
        with self._changed:
            self._settled.append((log_ids, final))
            self._changed.notify_all()

    def close(self, timeout_s: float) -> list[LogRow]:
        """Let the feed know what settled and close it, as far as it answers in time; return the batch that nobody took.

        To be called again is no error.
        """
        with self._changed:
            self._stop = True
            rows, self._ready = self._ready, []
            if rows:
                self._settled.append(([row.log_id for row in rows], False))
            self._changed.notify_all()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        return rows

    def _run(self) -> None:
        try:
            self._ask()
            self._feed.close()
        except BaseException as exc:  # noqa: BLE001 - the edge of the thread: whatever ends it is raised where batches are taken
            with self._changed:
                self._error = exc
                self._changed.notify_all()

    def _ask(self) -> None:
        away_since: float | None = None
        pause = FIRST_PAUSE_S
        while not self._tell():
            if self._ready:
                self._feed.idle()
                self._wait(self._pause_s, lambda: not self._ready)
                continue
            if self._ended:
                self._wait(self._pause_s)
                continue
            try:
                rows = self._feed.take()
            except StoreError as exc:
                now = monotonic()
                away_since = now if away_since is None else away_since
                if not exc.retriable or (self._patience_s is not None and now - away_since > self._patience_s):
                    raise
                logger.warning("no rows can be read: %s; trying again in %.1f s", exc.detail, pause)
                self._wait(pause)
                pause = min(2 * pause, LAST_PAUSE_S)
                continue
            away_since, pause = None, FIRST_PAUSE_S
            with self._changed:
                self._ready, self._ended = rows or [], rows is None
                self._changed.notify_all()
            if rows == []:
                self._wait(self._pause_s)

    def _tell(self) -> bool:
        """Hand the feed what settled since; return whether to stop."""
        with self._changed:
            settled, self._settled = self._settled, []
            stop = self._stop
        for log_ids, final in settled:
            self._feed.settled(log_ids, final=final)
        return stop

    def _wait(self, timeout_s: float, until: Callable[[], bool] = lambda: False) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._stop or self._settled or until(), timeout_s)
