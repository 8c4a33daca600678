"""The stores and the Ray node that a benchmark runs on: its own, on free ports, in a folder that goes when it ends."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pymilvus import MilvusClient

from benchmarks.servers.mariadb import MariaDb
from benchmarks.servers.milvus import MilvusLite, MilvusServer
from benchmarks.servers.ray import RayCluster
from benchmarks.servers.redis import RedisServer
from cli.stack.ports import LOOPBACK, free_ports
from cli.stack.ray_node import RayPorts, ray_process, remove_ray_folder, token_file
from cli.stack.serve import deploy
from config import Settings, load_settings
from imagesearch.stores.factory import open_stores
from imagesearch.stores.sql.migrate import migrate

Kind = Literal["embedded", "servers"]
NAMES = {"embedded": "SQLite, Milvus Lite", "servers": "MariaDB, Milvus 2.3.5"}
# Laid over the settings where searches are measured: no query's vector is remembered, each costs what its first one does.
UNREMEMBERED = {"IMAGESEARCH_SEARCH__CACHE_SLOTS": "0"}

# Laid over a node's variables where Serve's own proxy stands in front, as where there is no HAProxy.
OWN_PROXY = {"RAY_SERVE_ENABLE_HA_PROXY": "0", "RAY_SERVE_THROUGHPUT_OPTIMIZED": "0"}


@dataclass
class Stack:
    """Running stores; `variables` lead a process of ours to them."""

    kind: Kind
    home: Path
    variables: dict[str, str]
    _mariadb: MariaDb | None
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def fresh(self, more: Mapping[str, str]) -> Settings:
        """Return settings with an empty database and an empty collection, `more` variables laid over them."""
        name = f"run_{next(self._numbers)}"
        if self._mariadb is None:
            url = f"sqlite:///{self.home}/data/{name}.db"
        else:
            self._mariadb.execute(f"CREATE DATABASE {name}")
            url = self._mariadb.url(name)
        self.variables["IMAGESEARCH_SQL__URL"] = url
        settings = self.settings(more)
        migrate(settings.sql)
        client = MilvusClient(settings.milvus.uri, dedicated=True)
        for collection in client.list_collections():
            client.drop_collection(collection)
        client.close()
        stores = open_stores(settings)
        stores.index.count()  # makes the collection: the first load ever is not what is measured
        stores.close()
        return settings

    def settings(self, more: Mapping[str, str]) -> Settings:
        """Return the settings that a process would read from `variables` and `more`."""
        before = dict(os.environ)
        os.environ.update(self.environment(more))
        try:
            return load_settings()
        finally:
            os.environ.clear()
            os.environ.update(before)

    def environment(self, more: Mapping[str, str]) -> dict[str, str]:
        """Return the whole environment of a process that works on this stack; nothing of this shell's own settings is in it."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("IMAGESEARCH_", "RAY_"))}
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
        return {**kept, **self.variables, **more, "PATH": path}


@contextmanager
def running(kind: Kind, *, ray: bool = True) -> Iterator[Stack]:
    """Start the stores, and a Ray node unless told not to; stop all of it at the end and remove its folder."""
    with ExitStack() as closing:
        stack = _stores(kind, closing)
        if ray:
            _node(stack, closing, {})
        yield stack


@contextmanager
def clustered(kind: Kind, nodes: int, cpus: int) -> Iterator[Stack]:
    """Start the stores and a cluster of so many Ray nodes on this machine, beside a head without CPUs; stop all at the end."""
    with ExitStack() as closing:
        stack = _stores(kind, closing)
        cluster = RayCluster(stack.settings({}), stack.variables, nodes, cpus)
        stack.variables |= {
            "IMAGESEARCH_RAY__ADDRESS": cluster.address,
            "IMAGESEARCH_RAY__TOKEN_FILE": str(token_file(stack.home)),
        }
        closing.callback(cluster.clean)
        closing.callback(cluster.stop)
        cluster.start()
        yield stack


@contextmanager
def serving(kind: Kind, more: Mapping[str, str], *, haproxy: bool = True) -> Iterator[tuple[Stack, Settings]]:
    """Start the stores, a Ray node and the service, on one database, which the settings lead to; stop it all at the end.

    `haproxy`: behind HAProxy, as we start it; False: with Serve's own proxy in front.
    """
    with undeployed(kind, more, haproxy=haproxy) as (stack, settings):
        deploy(settings, settings.http.port)
        yield stack, settings


@contextmanager
def undeployed(kind: Kind, more: Mapping[str, str], *, haproxy: bool = True) -> Iterator[tuple[Stack, Settings]]:
    """Start all that `serving` does but the service."""
    with ExitStack() as closing:
        stack = _stores(kind, closing)
        (port,) = free_ports(1)
        stack.variables["IMAGESEARCH_HTTP__PORT"] = str(port)
        stack.fresh(more)
        _node(stack, closing, {**more, **({} if haproxy else OWN_PROXY)})
        yield stack, stack.settings(more)


def _stores(kind: Kind, closing: ExitStack) -> Stack:
    # What would end this process at once must still let it end what it started.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    home = Path(tempfile.mkdtemp(prefix="bench-"))
    closing.callback(shutil.rmtree, home, ignore_errors=True)
    redis, milvus = RedisServer(home), MilvusLite(home) if kind == "embedded" else MilvusServer(home)
    mariadb = None if kind == "embedded" else MariaDb(home)
    servers = [redis.server, milvus.server]
    if mariadb is not None:
        mariadb.install()
        servers.append(mariadb.server)
    for server in servers:
        closing.callback(server.stop)
        server.start()
    variables = {
        # The load is set as on a laptop in either case: what differs are the stores.
        "IMAGESEARCH_PROFILE": "local",
        "IMAGESEARCH_HOME": str(home),
        "IMAGESEARCH_REDIS__URL": redis.url,
        "IMAGESEARCH_MILVUS__URI": milvus.uri,
        "IMAGESEARCH_SQL__URL": f"sqlite:///{home}/data/unused.db",
    }
    return Stack(kind, home, variables, mariadb)


def _node(stack: Stack, closing: ExitStack, more: Mapping[str, str]) -> None:
    ports = RayPorts.free()
    stack.variables |= {
        "IMAGESEARCH_RAY__ADDRESS": f"{LOOPBACK}:{ports.gcs}",
        "IMAGESEARCH_RAY__DASHBOARD": f"http://{LOOPBACK}:{ports.dashboard}",
        "IMAGESEARCH_RAY__TOKEN_FILE": str(token_file(stack.home)),
    }
    closing.callback(remove_ray_folder, stack.home)
    node = ray_process(stack.settings(more), ports, env={**stack.variables, **more})
    closing.callback(node.stop)
    node.start()
