"""The whole embedded stack: up, down, and what of it runs."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from cli.stack.milvus_lite import milvus_lite_process
from cli.stack.ports import LOOPBACK, free_ports, listens
from cli.stack.process import ServerProcess, recorded, stop_recorded
from cli.stack.ray_node import RayPorts, ray_process, remove_ray_folder, token_file
from cli.stack.redis_server import redis_process
from cli.stack.serve import deploy, refuse_taken
from config.settings import Settings, load_settings, read_yaml
from imagesearch.errors import ConfigError
from imagesearch.stores.sql.migrate import migrate

# In the order of their start; they are stopped the other way round.
PARTS = ("redis", "milvus", "ray")


def up(
    settings: Settings,
    port: int | None = None,
    say: Callable[[str], None] = lambda _: None,
    model: Mapping[str, str] | None = None,
) -> Settings:
    """Start what does not run yet and return the settings that reach it; `say` hears each step.

    What of the settings' section `model` is given is recorded, too, and outlives `down`.

    The ports are recorded under home/run, where load_settings finds them. Where a part does not start, what this call
    started is stopped again. Raises ConfigError, StoreUnavailable.
    """
    if not settings.embedded:
        raise ConfigError(f"the profile {settings.profile!r} has no embedded stack; `imagesearch up` is for the local profile")
    home = settings.home
    for folder in (home, home / "data", home / "logs", home / "run"):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _alone(home), ExitStack() as undo:
        running = status(home)
        reach = read_yaml(_reach(home), home) if _reach(home).exists() else {}
        port = _http_port(settings, port, reach.get("http", {}).get("port") if "ray" in running else None)
        processes, reach = _processes(settings, running, reach)
        if model:
            reach["model"] = dict(model)
        # Written before Ray starts: the replicas read it.
        _reach(home).write_text(yaml.safe_dump({**reach, "http": {"port": port}}))
        if not running:
            undo.callback(_forget_ports, home)
        if "ray" not in running:
            undo.callback(remove_ray_folder, home)
        say("database: migrating")
        migrate(settings.sql, settings.filter.keys)
        for name in PARTS:
            if name in running:
                say(f"{name}: runs")
                continue
            say(f"{name}: starting")
            undo.callback(processes[name].stop)
            processes[name].start()
        settings = load_settings(settings.profile)
        say("service: deploying")
        deploy(settings, port)
        undo.pop_all()
    return settings


def down(home: Path) -> list[str]:
    """Stop the stack by its recorded processes and return the names of those that ran."""
    if not (home / "run").is_dir():
        return []
    with _alone(home):
        running = status(home)
        for name in reversed(PARTS):
            stop_recorded(_record(home, name))
        _forget_ports(home)
        # Ray's logs and sockets of ended sessions; the stack's own logs and data stay.
        remove_ray_folder(home)
    return list(running)


def status(home: Path) -> dict[str, int]:
    """Return the pids of the parts that run."""
    processes = {name: recorded(_record(home, name)) for name in PARTS}
    return {name: process.pid for name, process in processes.items() if process is not None}


def _http_port(settings: Settings, wanted: int | None, serving: int | None) -> int:
    if serving is None:
        port = wanted or settings.http.port
        # Found out now, not after half a minute of starting.
        refuse_taken(port)
        return port
    if wanted not in (None, serving):
        raise ConfigError(f"the service runs on port {serving}; `make down` or `imagesearch down` first to move it to {wanted}")
    return serving


def _processes(
    settings: Settings, running: Mapping[str, int], reach: Mapping[str, Any]
) -> tuple[dict[str, ServerProcess], dict[str, Any]]:
    """Return the processes that do not run yet, and where every part is or will be reached."""
    home = settings.home
    reach = dict(reach)
    processes: dict[str, ServerProcess] = {}
    if "redis" not in running:
        redis_port = _port_again(reach.get("redis", {}).get("url"))
        processes["redis"] = redis_process(home, redis_port)
        reach["redis"] = {"url": f"redis://{LOOPBACK}:{redis_port}/0"}
    if "milvus" not in running:
        milvus_port = _port_again(reach.get("milvus", {}).get("uri"))
        processes["milvus"] = milvus_lite_process(home, milvus_port)
        reach["milvus"] = {"uri": f"http://{LOOPBACK}:{milvus_port}"}
    if "ray" not in running:
        ports = RayPorts.free()
        processes["ray"] = ray_process(settings, ports)
        reach["ray"] = {
            "address": f"{LOOPBACK}:{ports.gcs}",
            "dashboard": f"http://{LOOPBACK}:{ports.dashboard}",
            "token_file": str(token_file(home)),
        }
    return processes, reach


def _port_again(url: str | None) -> int:
    # A store that died comes back where the replicas that still run look for it.
    port = urlsplit(url).port if url else None
    return port if port is not None and not listens(port) else free_ports(1)[0]


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """Wait for another `up` or `down` of the same home to end."""
    with (home / "run" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _reach(home: Path) -> Path:
    return home / "run" / "settings.yaml"


def _forget_ports(home: Path) -> None:
    """Keep of the record only which model was chosen: the collection is that model's."""
    model = read_yaml(_reach(home), home).get("model") if _reach(home).exists() else None
    if model:
        _reach(home).write_text(yaml.safe_dump({"model": model}))
    else:
        _reach(home).unlink(missing_ok=True)


def _record(home: Path, name: str) -> Path:
    return home / "run" / f"{name}.json"
