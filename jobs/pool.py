"""The workers of one stage: given work, watched, replaced, and as many as the work needs."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic, sleep
from typing import Any, Generic, TypeVar

import ray
from ray.exceptions import RayError, RayTaskError

from imagesearch.errors import EmbeddingFailed, ImageSearchError, StoreError
from jobs.cluster import connected
from jobs.openings import Openings
from jobs.sizing import Sizing, least_busy, pressed
from jobs.stages import Stage
from jobs.worker import Worker

logger = logging.getLogger(__name__)
T = TypeVar("T")

# How long a stage may be without a worker before the log says why.
SILENT_S = 30.0
# How long nothing may happen before all workers are looked at: whether one hangs, whether another may be started.
TICK_S = 0.5
# Between two looks whether anybody still waits for an answer.
ASK_S = 0.2


class WorkerLost(Exception):
    """The process that worked on a batch ended, or was ended because it hung."""


@dataclass(frozen=True, slots=True)
class Ended(Generic[T]):
    """A call that ended: with `refs`, whose last is `answer`; or with an error, and nothing of it is to be relied on."""

    item: T
    refs: tuple[Any, ...]
    answer: Any = None
    error: Exception | None = None


class Pool(Generic[T]):
    """Queues the batches of one stage and gives each to the ready worker with the least to do, the oldest batch first.

    `arguments` tells what a worker is called with. A worker that has not answered for `answer_s` is replaced; a worker may
    also be lost to a crash or with its node: of its batches only the first is reported, the others wait again. That one need not be
    the cause, since the answer to it may have been lost together with a worker that was at its next already: a batch that is
    `suspect` is therefore given to a worker that has nothing else, and nothing is put behind it.
    """

    def __init__(
        self,
        stage: Stage,
        arguments: Callable[[T], tuple[Any, ...]],
        *,
        idle_s: float,
        answer_s: float,
        openings: Openings,
        suspect: Callable[[T], bool] = lambda _: False,
    ) -> None:
        self._stage = stage
        self._arguments = arguments
        self._suspect = suspect
        self._answer_s = answer_s
        self._openings = openings
        self._sizing = Sizing(stage.smallest, stage.largest, idle_s)
        self._workers: list[Worker[T]] = []
        self._queue: deque[T] = deque()
        self._silent_since: float | None = None

    @property
    def name(self) -> str:
        """Of the stage."""
        return self._stage.name

    @property
    def ready(self) -> int:
        """How many workers take work."""
        return sum(worker.ready for worker in self._workers)

    @property
    def pressed(self) -> bool:
        """Whether every worker has work waiting behind what it does."""
        return pressed(self._loads())

    @property
    def size(self) -> int:
        """How many workers there are, with those on their way."""
        return len(self._workers)

    def put(self, item: T) -> None:
        """Queue a batch."""
        self._queue.append(item)

    def awaited(self) -> list[Any]:
        """Return the references that tell of the next steps."""
        return [ref for worker in self._workers if (ref := worker.awaited()) is not None]

    def collect(self, done: set[Any], now: float) -> list[Ended[T]]:
        """Take note of the references that are done and return the calls that ended.

        Raises ConfigError, ModelError and their kin where no worker can open what it needs.
        """
        ended: list[Ended[T]] = []
        for worker in [one for one in self._workers if one.awaited() in done]:
            if not worker.ready:
                self._opened(worker, now)
                continue
            call = worker.calls.popleft()
            worker.since = now
            answer, error = _answer_of(call.refs[-1])
            if error is None:
                self._sizing.progressed()
            elif not _is_said(error):
                self._retire(worker)
            ended.append(Ended(call.item, call.refs, answer, error))
        return ended

    def arrange(self, now: float, later_pressed: bool = False) -> list[Ended[T]]:
        """End workers that hang or are too many, hand out the queue, and start those that lack; return the calls that hung.

        `later_pressed`: a later stage is what the load waits for.
        """
        hung = [worker for worker in self._workers if (worker.calls or not worker.ready) and now - worker.since > self._answer_s]
        ended = [self._ended_for_good(worker) for worker in hung]
        self._shrink(now)
        # First the work, then the question who is short of it: a worker whose call has just ended is as busy as before.
        self._hand_out(now)
        loads = self._loads()
        if self._openings.allowed(now):
            for _ in range(self._sizing.missing(now, loads, len(self._workers) - len(loads), later_pressed)):
                actor = self._stage.start()
                self._workers.append(Worker(actor, actor.ready.remote(), now))
        self._tell_silence(now)
        return [one for one in ended if one is not None]

    def step(self) -> list[Ended[T]]:
        """Arrange, wait a moment for something to happen, and return the calls that ended: all that one pool by itself needs.

        Raises as `collect` does.
        """
        hung = self.arrange(monotonic())
        refs = self.awaited()
        if refs:
            done, _ = ray.wait(refs, timeout=TICK_S)
        else:
            # Nobody is there, and none may be started yet.
            done = []
            sleep(TICK_S)
        return hung + self.collect(set(done), monotonic())

    def ask(self, question: str, *args: Any, over: Callable[[], bool]) -> Any:
        """Return what a worker answers to something that is no batch, once it has done what it has, if not all is `over` before.

        Raises StoreError: the store's that it asked, or Ray's where there is no answer.
        """
        ready = [worker for worker in self._workers if worker.ready]
        if not ready:
            raise StoreError(f"no {self._stage.name} worker is there", store="ray")
        ref = ready[0].actor.ask.remote(question, *args)
        while not ray.wait([ref], timeout=ASK_S)[0]:
            if over():
                raise StoreError(f"a {self._stage.name} worker has not answered", store="ray")
        answer, error = _answer_of(ref)
        if error is not None:
            raise error if isinstance(error, StoreError) else StoreError(f"a worker cannot answer: {error!r}", store="ray")
        return answer

    def stop(self) -> None:
        """End all workers; what they had is dropped."""
        for worker in self._workers:
            worker.end()
        self._workers.clear()
        self._queue.clear()

    def _loads(self) -> list[int]:
        return [len(worker.calls) for worker in self._workers if worker.ready]

    def _opened(self, worker: Worker[T], now: float) -> None:
        said, error = _answer_of(worker.opening)
        if error is None:
            error = self._openings.succeeded(said)
        if error is None:
            worker.opening, worker.since = None, now
            logger.info("%s: a worker is ready", self._stage.name)
            return
        self._retire(worker)
        self._openings.failed(error, now, others=self.ready)

    def _ended_for_good(self, worker: Worker[T]) -> Ended[T] | None:
        call = worker.calls.popleft() if worker.calls else None
        logger.warning("a %s worker did not answer for %.0f s and is replaced", self._stage.name, self._answer_s)
        self._retire(worker)
        if call is None:
            return None
        return Ended(call.item, call.refs, error=WorkerLost(f"it did not answer for {self._answer_s:.0f} s"))

    def _retire(self, worker: Worker[T]) -> None:
        self._workers.remove(worker)
        worker.end()
        # They were not the cause: back to where they were in the queue.
        self._queue.extendleft(call.item for call in reversed(worker.calls))

    def _shrink(self, now: float) -> None:
        idle = [worker for worker in self._workers if worker.ready and not worker.calls]
        opening = [worker for worker in self._workers if not worker.ready]
        given_up, too_many = self._sizing.surplus(now, [one.since for one in idle], self.ready, len(opening))
        # The youngest: the first ones are given work first.
        for worker in [*opening[len(opening) - given_up :], *idle[len(idle) - too_many :]]:
            self._retire(worker)

    def _hand_out(self, now: float) -> None:
        while self._queue:
            alone = self._suspect(self._queue[0])
            takers = [one for one in self._workers if one.ready and not (one.calls if alone else one.alone)]
            place = least_busy([len(worker.calls) for worker in takers])
            if place is None:
                return
            item = self._queue.popleft()
            takers[place].call(item, self._arguments(item), self._stage.returns, now, alone=alone)

    def _tell_silence(self, now: float) -> None:
        if self.ready or not self._workers:
            self._silent_since = None
        elif self._silent_since is None:
            self._silent_since = now
        elif now - self._silent_since > SILENT_S:
            self._silent_since = now
            what = {name: amount for name, amount in self._stage.resources.items() if name.startswith("num_") and amount}
            logger.warning(
                "no %s worker has started yet; each needs %s, and `ray status` tells what is free", self._stage.name, what
            )


@contextmanager
def pooled(stage: Stage, arguments: Callable[[T], tuple[Any, ...]], *, suspect: Callable[[T], bool]) -> Iterator[Pool[T]]:
    """Join the cluster and give a pool that is a job's only one; end its workers at the end.

    Raises StoreUnavailable where no cluster answers.
    """
    load = stage.settings.load
    with connected(stage.settings):
        openings = Openings(stage.name, load.store_retry_s)
        pool = Pool(stage, arguments, idle_s=load.idle_s, answer_s=load.batch_timeout_s, openings=openings, suspect=suspect)
        try:
            yield pool
        finally:
            pool.stop()


def _answer_of(ref: Any) -> tuple[Any, Exception | None]:
    """Return what a call answered, or its error: the project's own where there is one behind Ray's wrapping."""
    try:
        return ray.get(ref), None
    except RayTaskError as exc:
        cause: Exception = exc
        while isinstance(cause, RayTaskError):
            cause = cause.cause
        return None, cause
    except RayError as exc:
        return None, WorkerLost(f"it died: {type(exc).__name__}")


def _is_said(error: Exception) -> bool:
    """Whether a worker said so in good order; one that failed in any other way is not trusted with another batch."""
    return isinstance(error, ImageSearchError) and not isinstance(error, EmbeddingFailed)
