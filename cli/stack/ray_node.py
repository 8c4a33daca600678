"""One local Ray node on the loopback address, apart from any other cluster of this machine."""

from __future__ import annotations

import os
import secrets
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import httpx

from cli.stack.haproxy import behind_haproxy
from cli.stack.ports import LOOPBACK, free_ports, listens
from cli.stack.process import ServerProcess, python_path
from config.settings import PROFILE_VARIABLE, Settings

# What is appended to its temporary folder for a socket: by HAProxy /h/, a node's id of 56 digits and /admin.sock.1234567.tmp; by
# Ray itself seven less, session_2026-01-01_00-00-00_000000_1234567/sockets/plasma_store.
SOCKET_TAIL = 82
SOCKET_PATH_LIMIT = 108
# A folder within a private one, with as short a name as can be.
SHORT = "r"


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
    haproxy_stats: int
    haproxy_metrics: int
    fallback: int

    @classmethod
    def free(cls) -> RayPorts:
        """Choose ports that nobody uses now."""
        return cls(*free_ports(12))


def ray_process(
    settings: Settings, ports: RayPorts, extra: tuple[str, ...] = (), env: dict[str, str] | None = None
) -> ServerProcess:
    """Return the head node, not started; `extra` are further arguments of `ray start`, `env` further variables of all workers."""
    token = token_file(settings.home)
    command = [
        *(sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block"),
        f"--port={ports.gcs}",
        f"--dashboard-host={LOOPBACK}",
        f"--dashboard-port={ports.dashboard}",
        f"--ray-client-server-port={ports.client}",
        *own_ports(ports),
        # A node of one CPU must still hold both replicas and the actors of a load, which share it.
        f"--num-cpus={max(4, os.cpu_count() or 1)}",
        "--object-store-memory=512000000",
        f"--temp-dir={ray_folder(settings.home)}",
        *extra,
    ]
    variables = {
        # Without it Ray takes 127.0.0.1 for a slip and listens on every address of the machine, whatever the arguments above say.
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
        **node_variables(settings, f"{LOOPBACK}:{ports.gcs}"),
        **behind_haproxy(settings.home, ray_folder(settings.home), ports.haproxy_stats, ports.haproxy_metrics, ports.fallback),
        **(env or {}),
    }
    return ServerProcess("ray", settings.home, command, lambda: _answers(ports, token), variables, start_timeout_s=120)


def own_ports(ports: RayPorts) -> list[str]:
    """Return the arguments that keep a node, head or not, on the loopback address and on its own ports."""
    return [
        f"--node-ip-address={LOOPBACK}",
        f"--dashboard-agent-listen-port={ports.agent}",
        f"--dashboard-agent-grpc-port={ports.agent_grpc}",
        f"--metrics-export-port={ports.metrics}",
        f"--runtime-env-agent-port={ports.runtime_env}",
        f"--node-manager-port={ports.node}",
        f"--object-manager-port={ports.objects}",
        # Free ones for the workers, too: the usual range is another cluster's as well.
        *("--min-worker-port=0", "--max-worker-port=0"),
        "--disable-usage-stats",
    ]


def node_variables(settings: Settings, address: str) -> dict[str, str]:
    """Return the variables of a node of the cluster at `address`; its workers inherit them."""
    return {
        # A token of its own, and not one that lies in the user's home: other users of this machine reach the loopback address, and
        # each replica listens on every address for calls that it unpickles.
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": "",
        "RAY_AUTH_TOKEN_PATH": str(token_file(settings.home)),
        # Another cluster's address in the user's shell is not this node's.
        "RAY_ADDRESS": address,
        # Nowhere to move the replicas to: `down` need not wait for it.
        "RAY_GRACEFUL_SHUTDOWN_DRAIN_TIMEOUT_S": "0",
        "RAY_USAGE_STATS_ENABLED": "0",
        # By default Ray sets all its workers back, the service's replicas, too, and leaves too little room below for a load's.
        "RAY_worker_niceness": "0",
        # The router needs no loop and thread of its own. Behind Serve's own proxy user code does: on one loop with it a busy
        # replica is slow to turn requests away, and they pile up before it (docs/adr/0028).
        "RAY_SERVE_RUN_ROUTER_IN_SEPARATE_LOOP": "0",
        "RAY_SERVE_USE_GRPC_BY_DEFAULT": "1",
        "IMAGESEARCH_HOME": str(settings.home),
        PROFILE_VARIABLE: settings.profile,
        # A job's entrypoint says `python`.
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
        # Replicas and job drivers import the code from here.
        "PYTHONPATH": python_path(),
    }


def token_file(home: Path) -> Path:
    """Return the file of the token that the node asks of its clients, readable by this user alone; made where there is none."""
    path = home / "run" / "ray_token"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_hex(32))
    return path


def ray_folder(home: Path) -> Path:
    """Return Ray's temporary folder: `home`/ray, or what it links to, a private folder with a short path where Ray needs one.

    Ray keeps its sockets there, and the path of a socket is limited.
    """
    folder = home / "ray"
    if len(os.fsencode(folder)) + SOCKET_TAIL < SOCKET_PATH_LIMIT:
        return folder
    if not folder.is_dir():
        folder.unlink(missing_ok=True)
        # Ray opens its folder to everybody, and sockets in it obey whoever opens them: this user alone gets as far as that.
        short = Path(tempfile.mkdtemp(prefix="image-")) / SHORT
        short.mkdir()
        folder.symlink_to(short)
    return folder.readlink()


def remove_ray_folder(home: Path) -> None:
    """Remove Ray's temporary folder, wherever it lies; one that is not there is no error."""
    folder = home / "ray"
    if folder.is_symlink():
        short = folder.readlink()
        shutil.rmtree(short.parent if short.name == SHORT else short, ignore_errors=True)
        folder.unlink()
    else:
        shutil.rmtree(folder, ignore_errors=True)


def _answers(ports: RayPorts, token: Path) -> bool:
    # The agent is the last to come: a child of the node's own process, where work runs.
    if not listens(ports.agent):
        return False
    address = f"http://{LOOPBACK}:{ports.dashboard}/api/version"
    try:
        answer = httpx.get(address, headers={"Authorization": f"Bearer {token.read_text()}"}, timeout=2, trust_env=False)
    except httpx.TransportError:
        return False
    return answer.status_code == httpx.codes.OK
