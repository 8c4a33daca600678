"""The loader: passes over the pending rows until all of them are final, or for ever when following."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

from config.settings import Settings
from imagesearch.errors import StoreError
from imagesearch.stores.factory import open_leases
from imagesearch.stores.sql.database import Database
from imagesearch.stores.sql.ledger import Ledger
from jobs.lease_keeper import LeaseKeeper
from jobs.pipeline import Pipeline
from jobs.reader import Reader

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Report:
    """The job's last line: rows by what became of them, and the wall time that took."""

    read: int
    loaded: int
    duplicate: int
    failed: int
    seconds: float
    images_per_s: float


class BulkLoad:
    """Loads what is pending. Once: ends when every row that was there at its start is final, waiting for rows that another
    loader holds or whose fault may pass. Following: goes on until stopped.
    """

    def __init__(self, settings: Settings, *, follow: bool = False, import_id: int | None = None, limit: int | None = None) -> None:
        self._settings = settings
        self._follow = follow
        self._limit = limit
        self._database = Database(settings.sql)
        self._ledger = Ledger(self._database)
        self._leases = open_leases(settings)
        self._reader = Reader(self._ledger, self._leases, settings.load.batch_rows, import_id)
        self._stop = threading.Event()
        self._read = 0

    def stop(self) -> None:
        """Ask the run to end: it finishes what is in flight and takes nothing more."""
        self._stop.set()

    def run(self, progress: Callable[[Report], None]) -> Report:
        """Load and return the report; `progress` is called after each pass's batches with what stands so far.

        Raises StoreUnavailable or StoreBusy when a store stays away too long while not following.
        """
        started = monotonic()
        with LeaseKeeper(self._leases, self._settings.redis.lease_s) as keeper:
            pipeline = Pipeline(self._settings, self._ledger, keeper)

            def report() -> Report:
                seconds = monotonic() - started
                tally = pipeline.tally
                done = tally.loaded + tally.duplicate + tally.failed
                return Report(
                    self._read, tally.loaded, tally.duplicate, tally.failed, round(seconds, 3), round(done / max(seconds, 1e-9), 2)
                )

            try:
                self._passes(pipeline, lambda: progress(report()))
            finally:
                pipeline.stop()
                self._leases.close()
                self._database.close()
            logger.info("seconds by stage, summed over batches: %s", {k: round(v, 2) for k, v in pipeline.seconds.items()})
            return report()

    def _passes(self, pipeline: Pipeline, progress: Callable[[], None]) -> None:
        upto = None if self._follow else self._ledger.last_id()
        fruitless = 0
        while not self._stop.is_set():
            before = pipeline.tally
            try:
                self._one_pass(pipeline, upto, progress)
            except StoreError as exc:
                if not (self._follow and exc.retriable):
                    raise
                logger.warning("%s; the rows stay pending and are tried again", exc.detail)
            deferred = pipeline.tally.deferred - before.deferred
            final = sum((pipeline.tally.loaded, pipeline.tally.duplicate, pipeline.tally.failed)) - sum(
                (before.loaded, before.duplicate, before.failed)
            )
            if not self._follow and not deferred and not self._reader.left:
                return
            if self._enough():
                return
            fruitless = 0 if final else fruitless + 1
            load = self._settings.load
            # Rows held by another loader are looked at again soon; rows whose fault may pass with growing pauses.
            pause = min(load.backoff_s * 2**fruitless, 60.0) if deferred else load.poll_s
            self._stop.wait(pause)

    def _one_pass(self, pipeline: Pipeline, upto: int | None, progress: Callable[[], None]) -> None:
        for rows in self._reader.batches(upto):
            if self._stop.is_set() or self._enough():
                self._leases.release([row.log_id for row in rows])
                break
            if self._limit is not None and len(rows) > (room := self._limit - self._read):
                self._leases.release([row.log_id for row in rows[room:]])
                rows = rows[:room]
            self._read += len(rows)
            pipeline.submit(rows)
            progress()
        # A pass ends with nothing in flight, so that the next one cannot meet its own rows.
        while pipeline.settle():
            progress()

    def _enough(self) -> bool:
        return self._limit is not None and self._read >= self._limit
