"""The engine of a load: a feed's batches through the pipeline, until there are no more or someone stops it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

from config.settings import Settings
from imagesearch.errors import StoreError
from jobs.feed import Feed
from jobs.index_wait import await_built
from jobs.intake import Intake
from jobs.lease_keeper import LeaseKeeper
from jobs.pipeline import Pipeline

logger = logging.getLogger(__name__)

# How long the engine waits for something to happen before it looks at everything again.
TICK_S = 0.05


@dataclass(frozen=True, slots=True)
class Report:
    """The job's last line: rows by what became of them, and the wall time until the last of them was final."""

    read: int
    loaded: int
    duplicate: int
    failed: int
    seconds: float
    images_per_s: float


class Engine:
    """Loads what the feed gives. `follow`: a store that stays away is waited for without end, and ends no load.

    `pause_s`: how long a feed that has nothing is left alone, load.poll_s when unset.
    """

    def __init__(
        self,
        settings: Settings,
        feed: Feed,
        claims: LeaseKeeper,
        pipeline: Pipeline,
        *,
        follow: bool,
        pause_s: float | None = None,
    ) -> None:
        load = settings.load
        self._follow = follow
        self._claims = claims
        self._pipeline = pipeline
        self._intake = Intake(feed, pause_s or load.poll_s, None if follow else load.store_retry_s)
        self._stop_s, self._index_wait_s = load.stop_s, load.index_wait_s
        self._stop = threading.Event()
        self._started = monotonic()
        self._read = 0

    def begin(self) -> None:
        """Let the feed be asked; nothing is loaded before `run`."""
        self._intake.start()

    def stop(self) -> None:
        """Ask the run to end: it takes nothing more, gives what is in flight load.stop_s, and the rest back."""
        self._stop.set()

    def run(self, progress: Callable[[Report], None]) -> Report:
        """Load, wait for the index, and return the report; `progress` is called with what stands so far whenever a batch ended.

        The wait is not in the report's seconds: every row is final before it. A load that is stopped does not wait.

        Raises StoreUnavailable or StoreBusy when a store stays away too long while not following, StoreError when it takes
        nothing, and what the feed raises.
        """
        self._started = monotonic()
        try:
            if self._follow:
                # There will be something to do; a load that finds nothing starts no workers.
                self._pipeline.start()
            while not self._stop.is_set() and not (self._intake.ended and not self._pipeline.busy):
                if self._pipeline.has_room and (rows := self._intake.take(0.0 if self._pipeline.active else TICK_S)):
                    self._read += len(rows)
                    self._pipeline.submit(rows)
                self._settle(progress)
            self._finish(progress)
            report = self.report()
            if self._pipeline.models and self._index_wait_s and not self._stop.is_set():
                await_built(self._pipeline.index_progress, self._index_wait_s, self._stop)
        finally:
            for rows in self._pipeline.stop():
                self._give_back([row.log_id for row in rows], final=False)
            self.close()
        logger.info("%d vectors were made and written", self._pipeline.vectors)
        logger.info("seconds by stage, summed over batches: %s", {k: round(v, 2) for k, v in self._pipeline.seconds.items()})
        return report

    def close(self) -> None:
        """Let the feed know what settled, and close it, as far as it answers soon; once is enough."""
        self._intake.close(self._stop_s / 4)

    def report(self) -> Report:
        """Say what stands so far."""
        seconds = monotonic() - self._started
        tally = self._pipeline.tally
        done = tally.loaded + tally.duplicate + tally.failed
        return Report(
            self._read, tally.loaded, tally.duplicate, tally.failed, round(seconds, 3), round(done / max(seconds, 1e-9), 2)
        )

    def _finish(self, progress: Callable[[Report], None]) -> None:
        end = monotonic() + self._stop_s
        while self._pipeline.busy and monotonic() < end:
            self._settle(progress)

    def _settle(self, progress: Callable[[Report], None]) -> None:
        for done in self._pipeline.settle(TICK_S):
            self._give_back([row.log_id for row in done.rows], final=done.error is None)
            if done.error is not None and not (self._follow and isinstance(done.error, StoreError) and done.error.retriable):
                raise done.error
            if done.error is not None:
                told = {"code": done.error.code, "log_ids": [row.log_id for row in done.rows]}
                logger.warning("%s; the rows stay pending and are tried again", done.error, extra=told)
            progress(self.report())
        refused = self._pipeline.refused
        if refused is not None and (self._intake.ended or not self._follow):
            raise refused

    def _give_back(self, log_ids: list[int], *, final: bool) -> None:
        # The claims first: a feed that is told may want to take the rows anew.
        self._claims.release(log_ids)
        self._intake.settled(log_ids, final=final)
