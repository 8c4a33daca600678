"""Milvus Lite's own server, one writer at a time and patient with its clients: `python -m cli.stack.lite_server server ...`."""

from __future__ import annotations

import sys
from typing import Any

import grpc

from cli.stack.turns import InTurn

# pymilvus asks every ten seconds, and cannot be told not to; gRPC's servers close the connection of who asks more often than every
# five minutes while nothing else is said, and the next request finds it closed. No number of such questions is too many here.
PATIENT = ("grpc.http2.max_ping_strikes", 0)


def main() -> int:
    """Run Milvus Lite's command line."""
    from milvus_lite.adapter.grpc import server
    from milvus_lite.cmdline import main as milvus_lite

    class Grpc:
        """The module `grpc` as Milvus Lite's server sees it."""

        def __getattr__(self, name: str) -> Any:
            return getattr(grpc, name)

        def server(self, *args: Any, options: Any = (), **more: Any) -> grpc.Server:
            return grpc.server(*args, options=[*options, PATIENT], interceptors=[InTurn()], **more)

    server.grpc = Grpc()
    return int(milvus_lite() or 0)


if __name__ == "__main__":
    sys.exit(main())
