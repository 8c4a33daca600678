"""Milvus Lite as one local gRPC server, so that the service and the jobs share it."""

from __future__ import annotations

import sys
from pathlib import Path

import grpc

from cli.stack.process import LOOPBACK, ServerProcess


def milvus_lite_process(home: Path, port: int) -> ServerProcess:
    """Return the server, not started; its vectors lie under home/data/milvus."""
    # The console script's own entry point: the script itself may not be on PATH.
    start = "from milvus_lite.cmdline import main; import sys; sys.exit(main())"
    data = home / "data" / "milvus"
    command = [sys.executable, "-c", start, "server", "--host", LOOPBACK, "--port", str(port), "--data-dir", str(data)]
    return ServerProcess("milvus", home, command, lambda: grpc_answers(port))


def grpc_answers(port: int) -> bool:
    """Say whether a gRPC server is ready at the loopback port."""
    with grpc.insecure_channel(f"{LOOPBACK}:{port}") as channel:
        try:
            grpc.channel_ready_future(channel).result(timeout=0.5)
        except grpc.FutureTimeoutError:
            return False
        return True
