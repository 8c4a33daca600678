"""Serve as docs/operations.md has it in a cluster: throughput mode behind HAProxy, which Serve starts by itself."""

from __future__ import annotations

from pathlib import Path

from cli.stack.ports import free_ports


def throughput_mode(folder: Path) -> dict[str, str]:
    """Return a node's variables for it, with ports and files that no other cluster of this machine has.

    `folder` must have a short path: a socket lies in it.
    """
    stats, metrics = free_ports(2)
    return {
        "RAY_SERVE_ENABLE_HA_PROXY": "1",
        "RAY_SERVE_THROUGHPUT_OPTIMIZED": "1",
        "RAY_SERVE_HAPROXY_STATS_PORT": str(stats),
        "RAY_SERVE_HAPROXY_METRICS_PORT": str(metrics),
        "RAY_SERVE_HAPROXY_CONFIG_FILE_LOC": f"{folder}/haproxy.cfg",
        "RAY_SERVE_HAPROXY_SOCKET_PATH": f"{folder}/admin.sock",
        "RAY_SERVE_HAPROXY_SERVER_STATE_BASE": str(folder),
        "RAY_SERVE_HAPROXY_SERVER_STATE_FILE": f"{folder}/server-state",
    }
