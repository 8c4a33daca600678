"""Chains the stages of each batch on Ray, with a bound on the batches in flight."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass
from typing import Any

import ray
from ray.exceptions import RayActorError, RayTaskError, WorkerCrashedError

from config.settings import Settings
from imagesearch.errors import EmbeddingFailed, ImageSearchError, StoreError
from imagesearch.stores.sql.ledger import Ledger
from imagesearch.stores.sql.verdicts import Fault, Tally
from imagesearch.types import LogRow
from jobs.actors import Pool, embed_pool, fetch_pool, write_pool

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Flight:
    """A batch on its way; each stage takes the one before by reference, so that no picture passes through the driver."""

    rows: list[LogRow]
    calls: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Settled:
    """A batch that ended, or a part of one; with an `error` its rows are as they were."""

    rows: list[LogRow]
    error: ImageSearchError | None = None


class Pipeline:
    """Runs batches through fetch, embed and write; what becomes of them is counted in `tally`."""

    def __init__(self, settings: Settings, ledger: Ledger) -> None:
        self._settings = settings
        self._ledger = ledger
        self._pools: tuple[Pool, ...] = ()
        self._flights: dict[Any, Flight] = {}
        self.tally = Tally()
        self.seconds: Counter[str] = Counter()

    @property
    def busy(self) -> bool:
        """Whether a batch is in flight."""
        return bool(self._flights)

    @property
    def has_room(self) -> bool:
        """Whether another batch may be submitted."""
        return len(self._flights) < self._settings.load.batches_in_flight

    def submit(self, rows: list[LogRow]) -> None:
        """Start a batch, and the workers with the first one. Raises ConfigError or ModelError where a worker lacks something."""
        fetch, embed, write = self._pools or self._open()
        prepared = fetch.call("prepare", rows)
        embedded = embed.call("embed", prepared)
        written = write.call("write", prepared, embedded)
        self._flights[written] = Flight(rows, (prepared, embedded, written))

    def settle(self, timeout_s: float) -> list[Settled]:
        """Return the batches that ended, after waiting for the first of them up to `timeout_s`."""
        ended, _ = ray.wait(list(self._flights), num_returns=1, timeout=timeout_s) if self._flights else ([], [])
        settled: list[Settled] = []
        for ref in ended:
            flight = self._flights.pop(ref)
            for pool, call in zip(self._pools, flight.calls, strict=True):
                pool.done(call)
            try:
                outcome = ray.get(ref)
            except (RayActorError, WorkerCrashedError) as exc:
                settled += self._isolate(flight.rows, exc)
                continue
            except RayTaskError as exc:
                settled.append(Settled(flight.rows, _cause(exc)))
                continue
            self.tally += outcome.tally
            self.seconds.update(outcome.seconds)
            settled.append(Settled(flight.rows))
        return settled

    def stop(self) -> list[list[LogRow]]:
        """End the workers and return the batches that were still in flight; their rows stay pending."""
        for pool in self._pools:
            pool.stop()
        left, self._flights = [flight.rows for flight in self._flights.values()], {}
        return left

    def _open(self) -> tuple[Pool, ...]:
        """Start the workers and wait until each has what it needs: a missing weights file must not look like bad pictures."""
        self._pools = (fetch_pool(self._settings), embed_pool(self._settings), write_pool(self._settings))
        try:
            ray.get([ref for pool in self._pools for ref in pool.opened()])
        except RayTaskError as exc:
            raise _cause(exc) from exc
        return self._pools

    def _isolate(self, rows: list[LogRow], exc: Exception) -> list[Settled]:
        """Halve a batch that killed its worker again and again, until the row that does it stands alone and is failed."""
        if len(rows) == 1:
            fault = EmbeddingFailed(f"the process that worked on this picture died: {type(exc).__name__}")
            self.tally += self._ledger.commit([], [Fault(rows[0], fault)], self._settings.load.max_attempts)
            return [Settled(rows)]
        logger.warning("a batch of %d rows ended its worker (%s); trying its halves", len(rows), type(exc).__name__)
        half = len(rows) // 2
        self.submit(rows[:half])
        self.submit(rows[half:])
        return []


def _cause(exc: RayTaskError) -> ImageSearchError:
    """Return the project's own error behind Ray's wrapping, through however many stages it travelled."""
    seen: BaseException | None = exc
    while isinstance(seen, RayTaskError):
        seen = seen.cause
    if isinstance(seen, ImageSearchError):
        return seen
    return StoreError(f"a stage of the load failed: {seen!r}", store="ray")
