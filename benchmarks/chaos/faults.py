"""How each kind of strike is done, and how what it killed comes back."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

import psutil
import redis

from benchmarks.chaos.clock import HOUR, step_clock
from benchmarks.chaos.loader import Loader
from benchmarks.chaos.locks import Stranger
from benchmarks.chaos.schedule import Strike
from benchmarks.chaos.stack import LEASE_S, LOCK_TIMEOUT_S, MILVUS_TIMEOUT_S, TOPIC, Stack
from cli.stack.process import ServerProcess
from imagesearch.errors import StoreError
from imagesearch.stores.sql.database import Database

T = TypeVar("T")
logger = logging.getLogger(__name__)

# By the names that the stages give them (jobs/stages.py).
ACTORS = {"fetch": "FetchWorker", "embed": "EmbedWorker", "write": "WriteWorker"}
# How long a killed server stays away at most, beside the time of its start.
AWAY_S = 2.0
TARGET_S = 120.0
DEADLOCKS_S = 3.0
# Longer than anyone waits for Milvus.
SLOW_S = MILVUS_TIMEOUT_S + 2.0


class NoTarget(Exception):
    """What was to be struck did not run, nor did it come back in two minutes."""


class Faults:
    """Strikes the stack. `strike` may be called by several threads; two never work on the same part."""

    def __init__(self, stack: Stack, database: Database) -> None:
        self.deadlocks = 0
        """How many the database resolved while they were provoked."""
        self._stack = stack
        self._database = database
        self._stranger = Stranger(database)
        self._parts = {part: threading.Lock() for part in ("ray", "redis", "sql", "milvus", "stream")}
        self._kinds: dict[str, Callable[[Strike], None]] = {
            "driver": self._driver,
            **dict.fromkeys(ACTORS, self._actor),
            "raylet": self._raylet,
            "head": self._head,
            "redis": lambda strike: self._server(strike, "redis", self._stack.redis.server),
            "mariadb": self._mariadb,
            "milvus": lambda strike: self._server(strike, "milvus", self._stack.milvus.server),
            "broker": self._broker,
            "stop": self._stop,
            "lock": self._lock,
            "deadlock": self._deadlock,
            "slow": self._slow,
            "clock": self._clock,
        }

    def strike(self, strike: Strike) -> None:
        """Strike, and return once what was killed runs again. Raises NoTarget, StoreUnavailable when it does not."""
        self._kinds[strike.kind](strike)

    def _driver(self, strike: Strike) -> None:
        loader, process = self._loader(strike)
        loader.excuse()
        process.kill()

    def _actor(self, strike: Strike) -> None:
        name = ACTORS[strike.kind]
        _kill(_some(strike, lambda: self._stack.ray.actors(name), name))

    def _raylet(self, strike: Strike) -> None:
        with self._parts["ray"]:
            node = _some(strike, lambda: [one for one in self._stack.ray.nodes if one.raylet()], "raylet")
            raylet = node.raylet()
            if raylet is not None:
                _kill(raylet)
            # What is left of it ends with it, as on a machine that is gone.
            node.stop()
            time.sleep(AWAY_S * strike.length)
            node.start()

    def _head(self, strike: Strike) -> None:
        with self._parts["ray"]:
            cluster = self._stack.ray
            raylet = cluster.head.raylet()
            if raylet is not None:
                _kill(raylet)
            # The drivers were at home on that machine.
            for loader in self._stack.loaders:
                loader.excuse()
                if (process := loader.process()) is not None:
                    process.kill()
            cluster.stop()
            time.sleep(AWAY_S * strike.length)
            cluster.start()

    def _mariadb(self, strike: Strike) -> None:
        if self._stack.mariadb is None:
            raise NoTarget("this stack has no mariadb")
        self._server(strike, "sql", self._stack.mariadb.server)

    def _broker(self, strike: Strike) -> None:
        """Kill the broker, which forgets its topic, the messages in it and how far the group was."""
        if self._stack.kafka is None:
            raise NoTarget("this stack has no broker")
        self._server(strike, "stream", self._stack.kafka.broker)
        self._stack.kafka.create(TOPIC)

    def _server(self, strike: Strike, part: str, server: ServerProcess) -> None:
        with self._parts[part]:
            process = server.running()
            if process is None:
                raise NoTarget(f"{server.name} does not run")
            for one in (*process.children(recursive=True), process):
                _kill(one)
            time.sleep(AWAY_S * strike.length)
            server.start()

    def _stop(self, strike: Strike) -> None:
        """Stop a process for longer than a lease lasts, and let it go on with what it had in hand."""

        def targets() -> list[psutil.Process]:
            drivers = [process for loader in self._stack.loaders if (process := loader.process()) is not None]
            return drivers + self._stack.ray.actors(*ACTORS.values())

        process = _some(strike, targets, "process of a load")
        try:
            process.suspend()
            time.sleep(LEASE_S * (1.5 + strike.length))
            process.resume()
        except psutil.NoSuchProcess:
            logger.info("the stopped process was ended meanwhile")

    def _lock(self, strike: Strike) -> None:
        with self._parts["sql"]:
            self._stranger.hold(LOCK_TIMEOUT_S + 1 + strike.length)

    def _deadlock(self, strike: Strike) -> None:
        with self._parts["sql"]:
            before = self._stranger.deadlocks()
            self._stranger.deadlock(DEADLOCKS_S * (1 + strike.length))
            self.deadlocks += self._stranger.deadlocks() - before

    def _slow(self, strike: Strike) -> None:
        """Have Milvus answer late, or later than anyone waits."""
        with self._parts["milvus"]:
            self._stack.proxy.delay_s = 0.5 if strike.pick < 0.5 else MILVUS_TIMEOUT_S + 1
            time.sleep(SLOW_S)
            self._stack.proxy.delay_s = 0.0

    def _clock(self, strike: Strike) -> None:
        """Step the clock; back, while leases lie about whose loader is gone."""
        forward = strike.pick < 0.5
        if not forward:
            loader, process = self._loader(strike)
            loader.excuse()
            process.kill()
        with self._parts["redis"], self._parts["sql"]:
            try:
                step_clock(self._database, self._stack.redis.url, HOUR if forward else -HOUR)
            except (StoreError, redis.RedisError) as exc:
                raise NoTarget(f"the clock could not be stepped: {exc}") from exc

    def _loader(self, strike: Strike) -> tuple[Loader, psutil.Process]:
        def targets() -> list[tuple[Loader, psutil.Process]]:
            return [(loader, process) for loader in self._stack.loaders if (process := loader.process()) is not None]

        return _some(strike, targets, "driver")


def _some(strike: Strike, targets: Callable[[], Sequence[T]], what: str) -> T:
    """Return the target that the strike picks, once there is one. Raises NoTarget."""
    end = time.monotonic() + TARGET_S
    while time.monotonic() < end:
        if found := targets():
            return found[int(strike.pick * len(found))]
        time.sleep(0.1)
    raise NoTarget(f"no {what} runs")


def _kill(process: psutil.Process) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process.kill()
