"""A redis-server."""

from __future__ import annotations

from pathlib import Path

from cli.stack.ports import LOOPBACK, free_ports
from cli.stack.redis_server import redis_process


class RedisServer:
    """Can be stopped and started again on its port, for an outage; it comes back empty."""

    def __init__(self, home: Path) -> None:
        (self.port,) = free_ports(1)
        self.url = f"redis://{LOOPBACK}:{self.port}/0"
        self.server = redis_process(home, self.port)
        self.start, self.stop, self.process = self.server.start, self.server.stop, self.server.running
