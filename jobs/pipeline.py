"""Takes batches through fetch, embed and write, each on a pool of Ray actors, with a bound on the batches in flight."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import ray

from config.settings import Settings
from imagesearch.errors import EmbeddingFailed, ImageSearchError, StoreError
from imagesearch.stores.sql.verdicts import Fault, Tally
from imagesearch.types import Fingerprint, IndexProgress, LogRow
from jobs.batch import Outcome, Prepared
from jobs.flight import Flight
from jobs.openings import Openings
from jobs.pool import Ended, Pool
from jobs.running_clock import RunningClock
from jobs.sizing import room
from jobs.stages import stages_of
from telemetry.tracing import Attribute, Tracer, Untraced

logger = logging.getLogger(__name__)

# So many calls that went wrong, with no batch between them that went well, are the cluster's fault and not the pictures'.
TROUBLES = 50


@dataclass(frozen=True, slots=True)
class Settled:
    """A batch that ended, or a part of one; with an `error` its rows are as they were."""

    rows: list[LogRow]
    error: ImageSearchError | None = None


class Pipeline:
    """Moves each batch on when its stage is done; what becomes of all is counted in `tally`.

    The driver passes references on, stage by stage: so a batch that is slow in one stage holds up no other in the next, and
    every worker has at most its next batch behind the one that it works on. A call that goes wrong is made again, from the
    first stage on, since every write can be repeated; where it goes wrong again and again the batch is halved, until the row
    that does it stands alone and is failed. So is a row that a store refuses for good, but only after the same store took
    vectors of others: until then the row is held, since it may be the store that takes nothing.
    """

    def __init__(self, settings: Settings, patience_s: float | None = None, tracer: Tracer | None = None) -> None:
        load = settings.load
        self._tracer = tracer or Untraced()
        self._base = load.batches_in_flight
        # A call may spend its time waiting for stores: an intern in the one stage, an upsert and a commit in another.
        answer_s = load.batch_timeout_s + 2 * load.store_retry_s
        arguments = (
            lambda flight: (flight.rows,),
            lambda flight: (flight.pixels,),
            lambda flight: (flight.prepared, flight.embedded),
        )
        self._pools: tuple[Pool[Flight], ...] = tuple(
            Pool(
                stage,
                args,
                idle_s=load.idle_s,
                answer_s=answer_s,
                openings=Openings(stage.name, patience_s),
                suspect=lambda flight: flight.troubles > 0,
            )
            for stage, args in zip(stages_of(settings), arguments, strict=True)
        )
        self._fetch, self._embed, self._write = self._pools
        self._clock = RunningClock()
        self._flights: set[Flight] = set()
        self._hung: list[tuple[Pool[Flight], Ended[Flight]]] = []
        # Rows that stand alone and are refused, in no pool; among the flights, too.
        self._held: dict[Flight, StoreError] = {}
        self._troubles = 0
        # Batches whose vectors were written.
        self._written = 0
        self._asked: float | None = None
        self._told = False
        self.tally = Tally()
        self.vectors = 0
        self.models: set[Fingerprint] = set()
        self.seconds: Counter[str] = Counter()

    @property
    def busy(self) -> bool:
        """Whether a batch is on its way."""
        return len(self._flights) > len(self._held)

    @property
    def refused(self) -> StoreError | None:
        """Why a store refuses the rows that are left, where nothing is on its way that could show whether it takes others."""
        return None if self.busy else next(iter(self._held.values()), None)

    @property
    def active(self) -> bool:
        """Whether there is anything that `settle` would wait for: a batch, or a worker on its way."""
        return any(pool.awaited() for pool in self._pools)

    @property
    def has_room(self) -> bool:
        """Whether another batch may be submitted."""
        return len(self._flights) - len(self._held) < room(self._base, [pool.ready for pool in self._pools])

    def start(self) -> None:
        """Start the first workers, if they are not there yet; returns at once."""
        now = self._clock.now()
        self._asked = now if self._asked is None else self._asked
        self._hung += self._arrange(now)

    def submit(self, rows: list[LogRow]) -> None:
        """Start a batch; it need not wait for the workers of later stages."""
        self._begin(Flight(rows))
        self.start()

    def settle(self, timeout_s: float) -> list[Settled]:
        """Move on what can be moved, after waiting up to `timeout_s` for it, and return the batches that ended.

        Raises ConfigError, ModelError and their kin where the workers lack something, StoreError where they end as they start.
        """
        refs = [ref for pool in self._pools for ref in pool.awaited()]
        done: set[Any] = set()
        if refs and ray.wait(refs, num_returns=1, timeout=timeout_s, fetch_local=False)[0]:
            done = set(ray.wait(refs, num_returns=len(refs), timeout=0, fetch_local=False)[0])
        now = self._clock.now()
        ended = [(pool, one) for pool in self._pools for one in pool.collect(done, now)]
        settled = [one for pool, call in ended for one in self._advance(pool, call)]
        self._hung += self._arrange(now)
        hung, self._hung = self._hung, []
        settled += [one for pool, call in hung for one in self._advance(pool, call)]
        self._tell_readiness(now)
        return settled

    def index_progress(self, over: Callable[[], bool]) -> IndexProgress:
        """Say how far the indexes are that were written to, if not all is `over` before. Raises StoreError."""
        # A worker has Milvus's client already; to import it takes longer than a small load.
        progress: IndexProgress = self._write.ask("progress", self.models, over=over)
        return progress

    def stop(self) -> list[list[LogRow]]:
        """End the workers and return the batches that were still in flight; their rows stay pending."""
        for pool in self._pools:
            pool.stop()
        left, self._flights, self._held = [flight.rows for flight in self._flights], set(), {}
        return left

    def _arrange(self, now: float) -> list[tuple[Pool[Flight], Ended[Flight]]]:
        hung: list[tuple[Pool[Flight], Ended[Flight]]] = []
        later_pressed = False
        # The last stage first: the last one that is pressed is what the load waits for.
        for pool in reversed(self._pools):
            hung += [(pool, call) for call in pool.arrange(now, later_pressed)]
            later_pressed |= pool.pressed
        return hung

    def _begin(self, flight: Flight) -> None:
        self._flights.add(flight)
        self._fetch.put(flight)

    def _advance(self, pool: Pool[Flight], call: Ended[Flight]) -> list[Settled]:
        flight = call.item
        flight.left(pool.name)
        if call.error is not None:
            return self._failed(flight, call.error)
        if pool is self._fetch:
            flight.prepared, flight.pixels, fresh = (*call.refs[:2], call.answer)
            # Known pictures need no vector: they pass the model by.
            (self._embed if fresh else self._write).put(flight)
            return []
        if pool is self._embed:
            flight.embedded, flight.pixels = call.refs[0], None
            self._write.put(flight)
            return []
        outcome: Outcome = call.answer
        self.tally += outcome.tally
        self.vectors += outcome.vectors
        self.models |= {outcome.model} if outcome.model is not None else set()
        self.seconds.update(outcome.seconds)
        if not flight.given_up:
            self._troubles = 0
        if outcome.vectors:
            self._let_go()
        self._ended(flight, loaded=outcome.tally.loaded, duplicate=outcome.tally.duplicate, failed=outcome.tally.failed)
        return [Settled(flight.rows)]

    def _failed(self, flight: Flight, error: Exception) -> list[Settled]:
        refused = isinstance(error, StoreError) and not error.retriable
        if isinstance(error, ImageSearchError) and not isinstance(error, EmbeddingFailed) and (flight.given_up or not refused):
            # A store stayed away, or does not take so much as what became of the row: no fault of this batch.
            self._ended(flight, error__type=error.code)
            return [Settled(flight.rows, error)]
        self._troubles += 1
        flight.troubles += 1
        log_ids = [row.log_id for row in flight.rows]
        logger.warning(
            "a batch of %d rows went wrong (%d times now): %r", len(log_ids), flight.troubles, error, extra={"log_ids": log_ids}
        )
        if self._troubles > TROUBLES:
            if refused:
                raise error
            raise StoreError(f"one batch after the other goes wrong, the last by {error!r}", store="ray") from error
        flight.begin_again()
        if isinstance(error, StoreError) and self._holds(flight, error):
            return []
        if flight.given_up or not flight.spent:
            self._again(flight, error)
        elif len(flight.rows) == 1:
            flight.given_up = True
            self._again(flight, error)
        else:
            self._ended(flight, error__type="halved")
            for half in flight.halves():
                self._begin(half)
        return []

    def _holds(self, flight: Flight, refusal: StoreError) -> bool:
        """Keep a row that stands alone and is refused, unless others' vectors were written since it was for the first time."""
        if flight.written_before is None:
            flight.written_before = self._written
        if len(flight.rows) > 1 or flight.written_before < self._written:
            return False
        self._held[flight] = refusal
        return True

    def _let_go(self) -> None:
        """Have the rows that are held tried again: the store takes others."""
        self._written += 1
        for flight in self._held:
            self._fetch.put(flight)
        self._held.clear()

    def _ended(self, flight: Flight, **attributes: Attribute) -> None:
        self._flights.remove(flight)
        self._tracer.whole("batch", flight.begun_ns, flight.parts, rows=len(flight.rows), **attributes)

    def _tell_readiness(self, now: float) -> None:
        if not self._told and self._asked is not None and all(pool.ready for pool in self._pools):
            self._told = True
            logger.info("the workers are ready, %.1f s after they were asked for", now - self._asked)

    def _again(self, flight: Flight, error: Exception) -> None:
        if not flight.given_up:
            self._fetch.put(flight)
            return
        kind = error if isinstance(error, ImageSearchError) else EmbeddingFailed(f"what worked on this picture failed: {error!r}")
        flight.prepared = Prepared([], [], [Fault(flight.rows[0], kind)], 0.0)
        self._write.put(flight)
