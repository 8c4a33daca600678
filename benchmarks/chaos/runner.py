"""One run: loads that go on, strikes by the schedule, the recovery from each, and the verdict at the end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from sqlalchemy import select

from benchmarks.chaos.faults import Faults, NoTarget
from benchmarks.chaos.feeder import Feeder
from benchmarks.chaos.schedule import Strike
from benchmarks.chaos.stack import Stack
from benchmarks.chaos.verify import Verdict, verify
from imagesearch.errors import ImageSearchError, StoreError, StoreUnavailable
from imagesearch.stores.factory import open_announcer, open_stores
from imagesearch.stores.sql.database import Database
from imagesearch.stores.sql.tables import image_add_log as log
from imagesearch.stores.stream.announcer import KafkaAnnouncer
from imagesearch.types import LogState

# A strike that nothing recovers from in this time ends the run.
RECOVERY_S = 300.0
POLL_S = 0.1
# Rows before the first strike: everything has started by then.
WARM_ROWS = 100


@dataclass(frozen=True, slots=True)
class Struck:
    """What became of a strike. `recovered_s`: from the strike until every row that was there by then was final."""

    kind: str
    at_s: float
    recovered_s: float | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """What a run came to. `ended`: exit codes of loads that ended by themselves; `stopped`: those of the orderly stop."""

    struck: list[Struck]
    verdict: Verdict
    seconds: float
    ended: list[int]
    stopped: list[int | None]
    deadlocks: int
    outages: int
    unannounced: int
    """Rows that the broker was not told of, as far as the feeder knows; what a broker forgot comes on top."""

    @property
    def clean(self) -> bool:
        """Whether nothing was lost or doubled, every row is final, and all strikes were recovered from."""
        return self.verdict.clean and all(one.recovered_s is not None for one in self.struck)


class Runner:
    """Drives one run on a stack that was started."""

    def __init__(self, stack: Stack, seed: int, say: Callable[[str], None]) -> None:
        self._stack = stack
        self._say = say
        self._stores = open_stores(stack.settings)
        # Its own: a stranger's locks must not take the connections of those who look on.
        self._database = Database(stack.settings.sql)
        self._faults = Faults(stack, self._database)
        self._announcer = open_announcer(stack.settings.stream)
        self._feeder = Feeder(self._stores.add_log, self._announcer, stack.pictures, seed)
        self._abort = threading.Event()
        self._started = time.monotonic()

    def run(self, strikes: Sequence[Strike], minutes: float | None = None) -> Result:
        """Strike after strike, for `minutes` at most; then the end of all work, and the verdict.

        Raises StoreUnavailable, ConfigError where the loads do not start.
        """
        self._feeder.start()
        try:
            self._say("waiting for the first rows to be loaded")
            self._warm()
            self._started = time.monotonic()
            with ThreadPoolExecutor(4, thread_name_prefix="strike") as pool:
                try:
                    struck = self._strikes(pool, strikes, minutes)
                finally:
                    self._abort.set()
            seconds = time.monotonic() - self._started
            self._abort.clear()
            self._say("waiting for the last rows")
            self._feeder.stop()
            final = self._await(lambda: self._final_upto(None))
            stopped = [loader.stop() for loader in self._stack.loaders]
            self._say("judging every row and every vector" if final else "some rows are not final; judging what is there")
            verdict = verify(self._stack.settings, self._stores, self._feeder.added, self._stack.environment())
            ended = [code for loader in self._stack.loaders for code in loader.ended]
            unannounced = self._announcer.lost.count if isinstance(self._announcer, KafkaAnnouncer) else 0
            return Result(struck, verdict, seconds, ended, stopped, self._faults.deadlocks, self._feeder.outages, unannounced)
        finally:
            self._abort.set()
            self._feeder.abandon()
            self._announcer.close()
            self._database.close()
            self._stores.close()

    def _warm(self) -> None:
        """Wait until everything has started. Nothing is struck yet: a load that ends now has a reason that does not pass."""

        def warm() -> bool:
            for loader in self._stack.loaders:
                loader.check_first()
            return self._feeder.last_id >= WARM_ROWS and self._final_upto(WARM_ROWS)

        if not self._await(warm):
            said = "\n".join(f"{loader.name}: {loader.last_words()}" for loader in self._stack.loaders)
            raise StoreUnavailable(f"no rows were loaded in {RECOVERY_S:.0f} s\n{said}", store="loader")

    def _strikes(self, pool: ThreadPoolExecutor, strikes: Sequence[Strike], minutes: float | None) -> list[Struck]:
        running: list[Future[Struck]] = []
        for number, strike in enumerate(strikes, start=1):
            if not strike.overlaps and any(one.result().recovered_s is None for one in running):
                break
            if minutes is not None and time.monotonic() - self._started > 60 * minutes:
                break
            time.sleep(strike.pause_s)
            self._feeder.check()
            running.append(pool.submit(self._strike, f"{number}/{len(strikes)}", strike))
        return [one.result() for one in running]

    def _strike(self, name: str, strike: Strike) -> Struck:
        mark = self._feeder.last_id
        started = time.monotonic()
        at = round(started - self._started, 1)
        try:
            self._faults.strike(strike)
        except NoTarget as exc:
            self._say(f"{name} {strike.kind}: {exc}")
            return Struck(strike.kind, at, None, str(exc))
        except ImageSearchError as exc:
            self._say(f"{name} {strike.kind}: not up again: {exc.detail}")
            return Struck(strike.kind, at, None, exc.detail)
        if not self._await(lambda: self._final_upto(mark)):
            self._say(f"{name} {strike.kind}: rows up to {mark} are not final")
            return Struck(strike.kind, at, None, "rows are not final")
        seconds = time.monotonic() - started
        self._say(f"{name} {strike.kind}: recovered after {seconds:.1f} s, {mark} rows so far")
        return Struck(strike.kind, at, round(seconds, 2))

    def _await(self, reached: Callable[[], bool]) -> bool:
        end = time.monotonic() + RECOVERY_S
        while time.monotonic() < end and not self._abort.is_set():
            self._feeder.check()
            for loader in self._stack.loaders:
                loader.check()
            if reached():
                return True
            time.sleep(POLL_S)
        return False

    def _final_upto(self, log_id: int | None) -> bool:
        query = select(log.c.id).where(log.c.state == LogState.PENDING).limit(1)
        if log_id is not None:
            query = query.where(log.c.id <= log_id)
        try:
            with self._database.read() as connection:
                return connection.execute(query).first() is None
        except StoreError:
            return False
