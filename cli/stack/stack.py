"""The whole embedded stack: up, down, and what of it runs."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import yaml

from cli.stack.milvus_lite import milvus_lite_process
from cli.stack.process import LOOPBACK, ServerProcess, free_ports, recorded, stop_recorded
from cli.stack.ray_node import RayPorts, ray_folder, ray_process
from cli.stack.redis_server import redis_process
from cli.stack.serve import deploy
from config.settings import Settings, load_settings, merge, read_yaml
from imagesearch.errors import ConfigError, ImageSearchError
from imagesearch.stores.sql.migrate import migrate

# In the order of their start; they are stopped the other way round.
PARTS = ("redis", "milvus", "ray")


def up(settings: Settings, port: int | None = None, say: Callable[[str], None] = lambda _: None) -> Settings:
    """Start what does not run yet and return the settings that reach it; `say` hears each step.

    The ports are recorded under home/run, where load_settings finds them. Where a part does not start, what this call
    started is stopped again. Raises ConfigError, StoreUnavailable.
    """
    if not settings.embedded:
        raise ConfigError(f"the profile {settings.profile!r} has no embedded stack; `imagesearch up` is for the local profile")
    before = set(status(settings.home))
    try:
        return _start(settings, port, before, say)
    except ImageSearchError:
        for name in reversed([part for part in PARTS if part not in before]):
            stop_recorded(_record(settings.home, name))
        raise


def down(home: Path) -> list[str]:
    """Stop the stack by its recorded processes and return the names of those that ran."""
    running = status(home)
    for name in reversed(PARTS):
        stop_recorded(_record(home, name))
    (home / "run" / "settings.yaml").unlink(missing_ok=True)
    # Ray's logs and sockets of ended sessions; the stack's own logs and data stay.
    shutil.rmtree(ray_folder(home), ignore_errors=True)
    return list(running)


def status(home: Path) -> dict[str, int]:
    """Return the pids of the parts that run."""
    processes = {name: recorded(_record(home, name)) for name in PARTS}
    return {name: process.pid for name, process in processes.items() if process is not None}


def _start(settings: Settings, port: int | None, running: set[str], say: Callable[[str], None]) -> Settings:
    home = settings.home
    for folder in ("data", "logs", "run"):
        (home / folder).mkdir(parents=True, exist_ok=True)
    home.chmod(0o700)
    redis_port, milvus_port = free_ports(2)
    ports = RayPorts.free()
    record = home / "run" / "settings.yaml"
    reach = read_yaml(record, home) if record.exists() else {}
    fresh = {
        "redis": {"redis": {"url": f"redis://{LOOPBACK}:{redis_port}/0"}},
        "milvus": {"milvus": {"uri": f"http://{LOOPBACK}:{milvus_port}"}},
        "ray": {"ray": {"address": f"{LOOPBACK}:{ports.gcs}", "dashboard": f"http://{LOOPBACK}:{ports.dashboard}"}},
    }
    for name in PARTS:
        if name not in running:
            reach = merge(reach, fresh[name])
    serving = reach.get("http", {}).get("port") if "ray" in running else None
    if port and serving not in (None, port):
        raise ConfigError(f"the service runs on port {serving}; `make down` or `imagesearch down` first to move it to {port}")
    port = port or serving or settings.http.port
    reach = merge(reach, {"http": {"port": port}})
    processes: dict[str, ServerProcess] = {
        "redis": redis_process(home, redis_port),
        "milvus": milvus_lite_process(home, milvus_port),
        "ray": ray_process(settings, ports),
    }
    # Written before Ray starts: the replicas read it.
    record.write_text(yaml.safe_dump(reach))
    say("database: migrating")
    migrate(settings.sql)
    for name in PARTS:
        if name in running:
            say(f"{name}: runs")
        else:
            say(f"{name}: starting")
            processes[name].start()
    settings = load_settings(settings.profile)
    say("service: deploying")
    deploy(settings, reach["ray"]["dashboard"], port)
    return settings


def _record(home: Path, name: str) -> Path:
    return home / "run" / f"{name}.json"
