"""Milvus Lite as one local gRPC server, so that the service and the jobs share it."""

from __future__ import annotations

import sys
from pathlib import Path

import grpc

from cli.stack.ports import LOOPBACK
from cli.stack.process import ServerProcess, python_path

# Bytes of new vectors before they become a segment. Until then Milvus Lite keeps each as a Python object and goes through all of
# them at every search and every upsert: with its 128 MiB, 4,000 vectors of 1280 numbers take 535 ms a search and 300 ms an upsert
# of 32, with 1 MiB 32 ms and 48 ms.
MEMTABLE_BYTES = 1 << 20


def milvus_lite_process(home: Path, port: int) -> ServerProcess:
    """Return the server, not started; its vectors lie under home/data/milvus."""
    data = home / "data" / "milvus"
    options = ["server", "--host", LOOPBACK, "--port", str(port), "--data-dir", str(data)]
    command = [sys.executable, "-m", "cli.stack.lite_server", *options]
    env = {"MILVUS_LITE_MEMTABLE_MEMORY_LIMIT_BYTES": str(MEMTABLE_BYTES), "PYTHONPATH": python_path()}
    return ServerProcess("milvus", home, command, lambda: grpc_answers(port), env)


def grpc_answers(port: int) -> bool:
    """Say whether a gRPC server is ready at the loopback port."""
    with grpc.insecure_channel(f"{LOOPBACK}:{port}") as channel:
        try:
            grpc.channel_ready_future(channel).result(timeout=0.5)
        except grpc.FutureTimeoutError:
            return False
        return True
