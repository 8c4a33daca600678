"""A Ray cluster of several nodes on one machine, each with an address, ports and processes of its own."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import psutil

from cli.stack.ports import LOOPBACK, listens
from cli.stack.process import ServerProcess
from cli.stack.ray_node import RayPorts, node_variables, own_ports, ray_folder, remove_ray_folder
from config.settings import Settings
from imagesearch.stores.patience import patiently

# `ray start` takes 127.0.0.1 for a slip, and puts another address of the machine in its place, where the others would listen.
# The variable that the single node is told by (cli/stack/ray_node.py) would also forbid a second node.
START = "from ray._private import services; services.resolve_ip_for_localhost = str; from ray.scripts.scripts import main; main()"
START_S = 120
PATIENCE_S = 150.0
SIZE = ("--num-gpus=0", "--object-store-memory=200000000")


class RayNode:
    """One node: its server, and the processes of it that a fault can strike."""

    def __init__(self, make: Callable[[], ServerProcess]) -> None:
        self._make = make
        self.server = make()

    def start(self) -> None:
        """Start it, again where it was too slow: Ray gives a node half a minute to be known, which a busy machine may outlast.

        Raises StoreUnavailable.
        """
        patiently(self._start, PATIENCE_S)

    def stop(self) -> None:
        """Stop it; one that does not run is no error."""
        self.server.stop()

    def _start(self) -> None:
        if self.server.running() is None:
            # Ports of its own each time: those of a node that died, or never came up, may be taken.
            self.server = self._make()
        self.server.start()

    def raylet(self) -> psutil.Process | None:
        """Return the node's own process, whose end is the node's."""
        return next((one for one in self.processes() if one.name() == "raylet"), None)

    def actors(self, name: str) -> list[psutil.Process]:
        """Return the processes on this node that are actors of this class."""
        return [one for one in self.processes() if one.is_running() and _title(one).partition(".")[0] == f"ray::{name}"]

    def processes(self) -> list[psutil.Process]:
        """Return all that runs of the node now."""
        process = self.server.running()
        try:
            return [] if process is None else process.children(recursive=True)
        except psutil.NoSuchProcess:
            return []


class RayCluster:
    """A head without CPUs, where the drivers are at home, and nodes that do the work; every worker sees the variables of `env`."""

    def __init__(self, settings: Settings, env: Mapping[str, str], nodes: int, cpus: int) -> None:
        self._home = settings.home
        head_ports = RayPorts.free()
        self.address = f"{LOOPBACK}:{head_ports.gcs}"
        self._variables = {**node_variables(settings, self.address), **env}
        head = [
            "--head",
            f"--port={head_ports.gcs}",
            f"--ray-client-server-port={head_ports.client}",
            "--include-dashboard=false",
            "--num-cpus=0",
        ]
        self.head = RayNode(partial(self._server, 0, head_ports, head))
        member = [f"--address={self.address}", f"--num-cpus={cpus}"]
        self.nodes = [RayNode(partial(self._server, number, None, member)) for number in range(1, nodes + 1)]

    def start(self) -> None:
        """Start what does not run. Raises StoreUnavailable."""
        self.head.start()
        with ThreadPoolExecutor(len(self.nodes)) as pool:
            list(pool.map(lambda node: node.start(), self.nodes))

    def stop(self) -> None:
        """Stop all nodes; Ray's files stay."""
        everything = [*self.nodes, self.head]
        with ThreadPoolExecutor(len(everything)) as pool:
            list(pool.map(lambda node: node.stop(), everything))

    def clean(self) -> None:
        """Remove Ray's files, some of which may lie elsewhere than below home."""
        for number in range(len(self.nodes) + 1):
            remove_ray_folder(self._folder(number))

    def actors(self, *names: str) -> list[psutil.Process]:
        """Return the processes of the whole cluster that are actors of these classes."""
        return [one for node in (self.head, *self.nodes) for name in names for one in node.actors(name)]

    def _folder(self, number: int) -> Path:
        return self._home / f"n{number}"

    def _server(self, number: int, ports: RayPorts | None, arguments: list[str]) -> ServerProcess:
        ports = ports or RayPorts.free()
        # A folder for each: nodes that start at once in one folder take the same names for their sockets.
        self._folder(number).mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-c", START, "start", "--block", *arguments, *own_ports(ports), *SIZE]
        command.append(f"--temp-dir={ray_folder(self._folder(number))}")

        def answers() -> bool:
            return listens(ports.node) and listens(ports.agent)

        # Its parts need not go in good order: a node that is stopped has no more to say.
        name = f"ray-{number}"
        return ServerProcess(name, self._home, command, answers, self._variables, start_timeout_s=START_S, stop_timeout_s=5)


def _title(process: psutil.Process) -> str:
    try:
        return str(process.cmdline()[0])
    except (psutil.Error, IndexError):
        return ""
