"""Milvus Lite's server, and the real Milvus 2.3.5 that the PyPI package `milvus` carries."""

from __future__ import annotations

import sys
from pathlib import Path

import yaml
from pymilvus import MilvusClient, MilvusException

from cli.stack.milvus_lite import milvus_lite_process
from cli.stack.ports import LOOPBACK, free_ports
from cli.stack.process import ServerProcess

SERVER_PORTS = [
    "proxy-port",
    "proxy-internal-port",
    "etcd-port",
    "root-coord-port",
    "query-coord-port",
    "query-node-port",
    "index-coord-port",
    "index-node-port",
    "data-coord-port",
    "data-node-port",
]

# The package looks whether each port is free, and takes the next one where it is not. Connections of a server that was killed keep
# its port from that look, but not from the server itself, for a minute: without this it would come back on another port.
MAIN = """
import socket

class Reusing(socket.socket):
    def bind(self, address):
        self.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        super().bind(address)

socket.socket = Reusing
from milvus import main
main()
"""


class MilvusLite:
    """Can be stopped and started again on its port and data, for an outage."""

    def __init__(self, home: Path) -> None:
        (self.port,) = free_ports(1)
        self.uri = f"http://{LOOPBACK}:{self.port}"
        self.server = milvus_lite_process(home, self.port)
        self.start, self.stop, self.process = self.server.start, self.server.stop, self.server.running


class MilvusServer:
    """The server as one process; it lives on for minutes after SIGTERM, so its stop is short and hard."""

    def __init__(self, home: Path) -> None:
        ports = dict(zip(SERVER_PORTS, free_ports(len(SERVER_PORTS)), strict=True))
        self.port = ports["proxy-port"]
        self.uri = f"http://{LOOPBACK}:{self.port}"
        command = [sys.executable, "-c", MAIN, "--data", str(home / "milvus")]
        command += [word for name, port in ports.items() for word in (f"--{name}", str(port))]
        # Its embedded etcd heeds no option: without a file of its own it takes 2379 and 2380, or dies where they are taken.
        client, peer = (f"http://{LOOPBACK}:{port}" for port in free_ports(2))
        etcd = {
            "name": "default",
            "listen-client-urls": client,
            "advertise-client-urls": client,
            "listen-peer-urls": peer,
            "initial-advertise-peer-urls": peer,
            "initial-cluster": f"default={peer}",
        }
        config = home / "etcd.yaml"
        config.write_text(yaml.safe_dump(etcd))
        self.server = ServerProcess(
            "milvus-server",
            home,
            command,
            self._answers,
            env={"ETCD_CONFIG_PATH": str(config)},
            start_timeout_s=120,
            stop_timeout_s=2,
        )
        self.start, self.stop, self.process = self.server.start, self.server.stop, self.server.running

    def _answers(self) -> bool:
        try:
            client = MilvusClient(self.uri, timeout=2, dedicated=True)
            client.list_collections(timeout=2)
            client.close()
        except MilvusException:
            return False
        return True
