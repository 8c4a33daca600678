"""All that a chaos run stands on: stores, a Ray cluster of three nodes and the loaders, below one folder."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Literal

import psutil

from benchmarks.chaos.loader import FOLLOW, HEAR, Loader
from benchmarks.chaos.proxy import Proxy
from benchmarks.servers.kafka import Kafka
from benchmarks.servers.mariadb import MariaDb
from benchmarks.servers.milvus import MilvusLite, MilvusServer
from benchmarks.servers.ray import RayCluster
from benchmarks.servers.redis import RedisServer
from cli.stack.ports import LOOPBACK
from cli.stack.ray_node import token_file
from config import load_settings
from imagesearch.stores.sql.migrate import migrate

NODES = 2
# One node alone can hold the actors of all loaders, so that a load goes on while the other is down.
NODE_CPUS = 4
LEASE_S = 3
LOCK_TIMEOUT_S = 2
MILVUS_TIMEOUT_S = 8
TOPIC = "chaos"

VARIABLES = {
    "IMAGESEARCH_PROFILE": "cluster",
    "IMAGESEARCH_MODEL__NAME": "tiny",
    "IMAGESEARCH_MODEL__WEIGHTS": "package",
    # Small and many, so that a strike meets rows at every stage.
    "IMAGESEARCH_LOAD__BATCH_ROWS": "16",
    "IMAGESEARCH_LOAD__BATCHES_IN_FLIGHT": "4",
    # Few: the cluster is one machine.
    "IMAGESEARCH_LOAD__FETCH_ACTORS_MAX": "2",
    "IMAGESEARCH_LOAD__EMBED_ACTORS_MAX": "1",
    "IMAGESEARCH_LOAD__WRITE_ACTORS_MAX": "2",
    "IMAGESEARCH_LOAD__FETCH_CPUS": "0.4",
    "IMAGESEARCH_LOAD__EMBED_CPUS": "0.4",
    "IMAGESEARCH_LOAD__EMBED_GPUS": "0",
    # Short, so that what waits for them does not take up the run.
    "IMAGESEARCH_LOAD__POLL_S": "0.2",
    "IMAGESEARCH_LOAD__BACKOFF_S": "0.2",
    "IMAGESEARCH_REDIS__LEASE_S": str(LEASE_S),
    "IMAGESEARCH_SQL__LOCK_TIMEOUT_S": str(LOCK_TIMEOUT_S),
    "IMAGESEARCH_MILVUS__TIMEOUT_S": str(MILVUS_TIMEOUT_S),
    # Other programs of the machine use its memory, too: that is no reason for Ray to end a worker here.
    "RAY_memory_monitor_refresh_ms": "0",
    # A node that was killed is missed after five seconds instead of fifteen.
    "RAY_health_check_initial_delay_ms": "1000",
    "RAY_health_check_period_ms": "1000",
}

# What a run with a broker has besides.
STREAM_VARIABLES = {
    "IMAGESEARCH_STREAM__KIND": "kafka",
    "IMAGESEARCH_STREAM__TOPIC": TOPIC,
    "IMAGESEARCH_STREAM__GROUP": TOPIC,
    # The library waits half a session before it joins this broker's groups.
    "IMAGESEARCH_STREAM__SESSION_S": "2",
    # Shorter than an outage: what is added in one is never announced, and left to the sweep.
    "IMAGESEARCH_STREAM__DELIVER_S": "0.5",
    "IMAGESEARCH_STREAM__SWEEP_S": "3",
}


class Stack:
    """Starts and stops it all; a part that was killed is started again on its port and data.

    With `stream` rows are announced on a broker, and the loads are those that hear of them there.
    """

    def __init__(
        self,
        home: Path,
        sql: Literal["mariadb", "sqlite"],
        milvus: Literal["server", "lite"],
        loaders: int,
        *,
        stream: bool = False,
        keep: bool = False,
    ) -> None:
        self.home = home
        self._keep = keep
        self.pictures = home / "pictures"
        for folder in (self.pictures, home / "data"):
            folder.mkdir(parents=True, exist_ok=True)
        self.redis = RedisServer(home)
        self.mariadb = MariaDb(home) if sql == "mariadb" else None
        self.milvus = MilvusServer(home) if milvus == "server" else MilvusLite(home)
        self.kafka = Kafka(home) if stream else None
        self.proxy = Proxy(self.milvus.port)
        self.loaders: list[Loader] = []
        self._wanted = loaders
        self._closing = ExitStack()
        self._variables = dict(VARIABLES)

    def start(self, say: Callable[[str], None]) -> None:
        """Start everything and make the tables. What was started when this raises, `stop` still has to stop."""
        self._closing.callback(self._sweep)
        self._closing.callback(self.proxy.stop)
        self.proxy.start()
        self._variables |= {
            "IMAGESEARCH_HOME": str(self.home),
            "IMAGESEARCH_SQL__URL": self.mariadb.url("chaos") if self.mariadb else f"sqlite:///{self.home}/data/chaos.db",
            "IMAGESEARCH_MILVUS__URI": f"http://{LOOPBACK}:{self.proxy.port}",
            "IMAGESEARCH_REDIS__URL": self.redis.url,
            "IMAGESEARCH_BLOBS__URI": str(self.home / "data" / "blobs"),
            "IMAGESEARCH_SOURCES__ROOTS": json.dumps([str(self.pictures)]),
            "IMAGESEARCH_RAY__TOKEN_FILE": str(token_file(self.home)),
        }
        if self.kafka is not None:
            self._variables |= {**STREAM_VARIABLES, "IMAGESEARCH_STREAM__SERVERS": json.dumps([self.kafka.server])}
        with self._environment():
            self.settings = load_settings()
        self.ray = RayCluster(self.settings, VARIABLES, NODES, NODE_CPUS)
        if not self._keep:
            self._closing.callback(self.ray.clean)
        self._variables["IMAGESEARCH_RAY__ADDRESS"] = self.ray.address
        with self._environment():
            self.settings = load_settings()
        say("starting the stores and the Ray nodes")
        parts = [self._start_sql, self._part(self.redis), self._part(self.milvus), self._part(self.ray)]
        if self.kafka is not None:
            parts.append(self._part(self.kafka))
        with ThreadPoolExecutor(len(parts)) as pool:
            list(pool.map(lambda part: part(), parts))
        if self.kafka is not None:
            self.kafka.create(TOPIC)
        say("starting the loaders")
        for number in range(self._wanted):
            loader = Loader(f"loader-{number}", HEAR if self.kafka else FOLLOW, self.environment(), self.home / "logs")
            self.loaders.append(loader)
            self._closing.callback(loader.stop)
            loader.start()

    def stop(self) -> None:
        """Stop whatever was started, the last first."""
        self._closing.close()

    def environment(self) -> dict[str, str]:
        """Return the whole environment of a process that works on this stack; nothing of this shell's own settings is in it."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("IMAGESEARCH_", "RAY_"))}
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
        return {**kept, **self._variables, "PATH": path}

    def _start_sql(self) -> None:
        if self.mariadb is not None:
            self.mariadb.install()
            self._part(self.mariadb)()
            self.mariadb.execute("CREATE DATABASE chaos")
        migrate(self.settings.sql)

    def _part(self, server: MariaDb | RedisServer | MilvusLite | MilvusServer | Kafka | RayCluster) -> Callable[[], None]:
        def start() -> None:
            self._closing.callback(server.stop)
            server.start()

        return start

    @contextlib.contextmanager
    def _environment(self) -> Iterator[None]:
        before = dict(os.environ)
        os.environ.clear()
        os.environ.update(self.environment())
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)

    def _sweep(self) -> None:
        """End what outlived its parent, such as a worker whose raylet was killed: this run's folder is in its environment."""
        time.sleep(0.2)
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if process.pid != os.getpid() and process.environ().get("IMAGESEARCH_HOME") == str(self.home):
                    process.kill()
