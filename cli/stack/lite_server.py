"""Milvus Lite's server: one writer at a time, quicker, patient with its clients, frank about its index.

`python -m cli.stack.lite_server server ...`
"""

from __future__ import annotations

import sys
from typing import Any

import grpc
from pyarrow import parquet

from cli.stack.turns import InTurn

# pymilvus asks every ten seconds, and cannot be told not to; gRPC's servers close the connection of who asks more often than every
# five minutes while nothing else is said, and the next request finds it closed. No number of such questions is too many here.
PATIENT = ("grpc.http2.max_ping_strikes", 0)
# A search passes through three of its threads, and one that computes, as for a merge or a full memtable, gives way to each of them
# after 5 ms unless told otherwise: beside a load one search in twenty took 40 ms here, and takes 23 so.
SWITCH_S = 0.0005


def main() -> int:
    """Run Milvus Lite's command line."""
    from milvus_lite.adapter.grpc import server
    from milvus_lite.cmdline import main as milvus_lite
    from milvus_lite.engine import collection
    from milvus_lite.storage import data_file, memtable

    from cli.stack.lite_index import TellingServicer
    from cli.stack.lite_memtable import data_table
    from cli.stack.lite_merge import maintain
    from cli.stack.lite_search import QuickSearch

    class Grpc:
        """The module `grpc` as Milvus Lite's server sees it."""

        def __getattr__(self, name: str) -> Any:
            return getattr(grpc, name)

        def server(self, *args: Any, options: Any = (), **more: Any) -> grpc.Server:
            return grpc.server(*args, options=[*options, PATIENT], interceptors=[InTurn()], **more)

    class Parquet:
        """The module `pyarrow.parquet` as Milvus Lite's writer of segments sees it."""

        def __getattr__(self, name: str) -> Any:
            return getattr(parquet, name)

        def write_table(self, table: Any, path: str) -> None:
            # Numbers that never occur twice have no use for a dictionary: without it a segment of a MiB takes 2 ms instead of 20,
            # in which nothing else is answered, and a third less room.
            parquet.write_table(table, path, use_dictionary=False)

    sys.setswitchinterval(SWITCH_S)
    server.grpc = Grpc()
    server.MilvusServicer = TellingServicer
    collection.execute_search_with_index = QuickSearch()
    data_file.pq = Parquet()
    memtable.MemTable._build_data_table = data_table
    collection.Collection._bg_compact_and_index = maintain
    return int(milvus_lite() or 0)


if __name__ == "__main__":
    sys.exit(main())
