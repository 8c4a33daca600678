"""One local Ray node on the loopback address, apart from any other cluster of this machine."""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from cli.stack.process import LOOPBACK, ServerProcess, free_ports
from config.settings import PROFILE_VARIABLE, PROJECT_ROOT, Settings

# What Ray appends to its temporary folder for a socket: session_2026-01-01_00-00-00_000000_1234567/sockets/plasma_store.
SOCKET_TAIL = 75
SOCKET_PATH_LIMIT = 107


@dataclass(frozen=True, slots=True)
class RayPorts:
    """Every port that a head node would otherwise take by default, or at random on all interfaces."""

    gcs: int
    dashboard: int
    agent: int
    agent_grpc: int
    client: int
    metrics: int
    runtime_env: int
    node: int
    objects: int

    @classmethod
    def free(cls) -> RayPorts:
        """Choose ports that nobody uses now."""
        return cls(*free_ports(9))


def ray_process(
    settings: Settings, ports: RayPorts, extra: tuple[str, ...] = (), env: dict[str, str] | None = None
) -> ServerProcess:
    """Return the head node, not started; `extra` are further arguments of `ray start`, `env` further variables of all workers."""
    command = [
        *(sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block"),
        f"--node-ip-address={LOOPBACK}",
        f"--port={ports.gcs}",
        f"--dashboard-host={LOOPBACK}",
        f"--dashboard-port={ports.dashboard}",
        f"--dashboard-agent-listen-port={ports.agent}",
        f"--dashboard-agent-grpc-port={ports.agent_grpc}",
        f"--ray-client-server-port={ports.client}",
        f"--metrics-export-port={ports.metrics}",
        f"--runtime-env-agent-port={ports.runtime_env}",
        f"--node-manager-port={ports.node}",
        f"--object-manager-port={ports.objects}",
        # A node of one CPU must still hold both replicas and the actors of a load, which share it.
        f"--num-cpus={max(4, os.cpu_count() or 1)}",
        "--object-store-memory=512000000",
        f"--temp-dir={ray_folder(settings.home)}",
        "--disable-usage-stats",
        *extra,
    ]
    variables = {
        # Ray would write a token file into the user's home and ask every client for it; on the loopback address it guards nothing.
        "RAY_AUTH_MODE": "disabled",
        "RAY_USAGE_STATS_ENABLED": "0",
        "IMAGESEARCH_HOME": str(settings.home),
        PROFILE_VARIABLE: settings.profile,
        # A job's entrypoint says `python`.
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
        # Replicas and job drivers import the code from here.
        "PYTHONPATH": os.pathsep.join(filter(None, [str(PROJECT_ROOT), os.environ.get("PYTHONPATH")])),
        **(env or {}),
    }
    return ServerProcess("ray", settings.home, command, lambda: _dashboard_answers(ports.dashboard), variables, start_timeout_s=120)


def ray_folder(home: Path) -> Path:
    """Return Ray's temporary folder: under `home`, or a short private one where the paths of its sockets would be too long."""
    folder = home / "ray"
    if len(os.fsencode(folder)) + SOCKET_TAIL < SOCKET_PATH_LIMIT:
        return folder
    short = hashlib.sha256(os.fsencode(home)).hexdigest()[:10]
    return Path(tempfile.gettempdir(), f"imagesearch-{os.getuid()}-{short}")


def _dashboard_answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://{LOOPBACK}:{port}/api/version", timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
