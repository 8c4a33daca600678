"""Chains the stages of each batch on Ray, with a bound on the batches in flight."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import ray
from ray.exceptions import RayActorError, RayTaskError, WorkerCrashedError

from config.settings import Settings
from imagesearch.errors import EmbeddingFailed, ImageSearchError, StoreError
from imagesearch.stores.sql.ledger import Fault, Ledger, Tally
from imagesearch.types import LogRow
from jobs.actors import Pool, embed_pool, fetch_pool, write_pool
from jobs.lease_keeper import LeaseKeeper

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Flight:
    """A batch on its way; each stage takes the one before by reference, so that no picture passes through the driver."""

    rows: list[LogRow]
    calls: tuple[Any, ...]


class Pipeline:
    """Runs batches through fetch, embed and write; what becomes of them is counted in `tally`."""

    def __init__(self, settings: Settings, ledger: Ledger, keeper: LeaseKeeper) -> None:
        self._settings = settings
        self._ledger = ledger
        self._keeper = keeper
        self._pools: tuple[Pool, ...] = ()
        self._flights: dict[Any, Flight] = {}
        self.tally = Tally()
        self.seconds: Counter[str] = Counter()

    def submit(self, rows: list[LogRow]) -> None:
        """Start a batch, and the workers with the first one; waits while as many are in flight as the settings allow.

        Raises what `settle` raises, and ConfigError or ModelError where a worker cannot open what it needs.
        """
        fetch, embed, write = self._pools or self._open()
        while len(self._flights) >= self._settings.load.batches_in_flight:
            self.settle()
        self._keeper.hold(row.log_id for row in rows)
        prepared = fetch.call("prepare", rows)
        embedded = embed.call("embed", prepared)
        written = write.call("write", prepared, embedded)
        self._flights[written] = Flight(rows, (prepared, embedded, written))

    def settle(self, timeout_s: float | None = None) -> bool:
        """Wait for one batch and count it; False when none ended in time or none is in flight.

        Raises StoreUnavailable or StoreBusy when a store stayed away too long; the batch's rows stay pending.
        """
        ended, _ = ray.wait(list(self._flights), num_returns=1, timeout=timeout_s) if self._flights else ([], [])
        for ref in ended:
            flight = self._flights.pop(ref)
            for pool, call in zip(self._pools, flight.calls, strict=True):
                pool.done(call)
            try:
                outcome = ray.get(ref)
            except (RayActorError, WorkerCrashedError) as exc:
                self._isolate(flight.rows, exc)
                continue
            except RayTaskError as exc:
                self._keeper.release(row.log_id for row in flight.rows)
                raise _cause(exc) from exc
            self._keeper.release(row.log_id for row in flight.rows)
            self.tally += outcome.tally
            self.seconds.update(outcome.seconds)
        return bool(ended)

    def drain(self) -> None:
        """Wait for all batches in flight."""
        while self.settle():
            pass

    def stop(self) -> None:
        """End the workers; batches still in flight are dropped, and their rows stay pending."""
        for pool in self._pools:
            pool.stop()

    def _open(self) -> tuple[Pool, ...]:
        """Start the workers and wait until each has what it needs: a missing weights file must not look like bad pictures."""
        self._pools = (fetch_pool(self._settings), embed_pool(self._settings), write_pool(self._settings))
        try:
            ray.get([ref for pool in self._pools for ref in pool.opened()])
        except RayTaskError as exc:
            raise _cause(exc) from exc
        return self._pools

    def _isolate(self, rows: Iterable[LogRow], exc: Exception) -> None:
        """Halve a batch that killed its worker again and again, until the row that does it stands alone and is failed."""
        rows = list(rows)
        self._keeper.release(row.log_id for row in rows)
        if len(rows) == 1:
            fault = EmbeddingFailed(f"the process that worked on this picture died: {type(exc).__name__}")
            self.tally += self._ledger.commit([], [Fault(rows[0], fault)], self._settings.load.max_attempts)
            return
        logger.warning("a batch of %d rows ended its worker (%s); trying its halves", len(rows), type(exc).__name__)
        half = len(rows) // 2
        self.submit(rows[:half])
        self.submit(rows[half:])


def _cause(exc: RayTaskError) -> BaseException:
    """Return the project's own error behind Ray's wrapping, through however many stages it travelled."""
    seen: BaseException | None = exc
    while isinstance(seen, RayTaskError):
        seen = seen.cause
    if isinstance(seen, ImageSearchError):
        return seen
    return StoreError(f"a stage of the load failed: {seen!r}", store="ray")
