"""Milvus Lite's service, with an answer of its own to how far an index is."""

from __future__ import annotations

from concurrent.futures import Future
from contextlib import suppress
from typing import Any
from weakref import WeakKeyDictionary

from milvus_lite.adapter.grpc.servicer import MilvusServicer
from milvus_lite.exceptions import MilvusLiteError
from pymilvus.grpc_gen import common_pb2

# How long a question waits for a worker that has nothing to do to say so.
IDLE_S = 0.1


class TellingServicer(MilvusServicer):  # type: ignore[misc]  # Milvus Lite has no types
    """Tells which rows wait for their index, as servers do.

    Milvus Lite 3.2.2 merges segments and indexes them in the background, and says `Finished` all the while.
    """

    def __init__(self, db: Any) -> None:
        super().__init__(db)
        self._marks: WeakKeyDictionary[Any, Future[None]] = WeakKeyDictionary()

    def DescribeIndex(self, request: Any, context: Any) -> Any:  # noqa: N802  # gRPC's name
        """Return what Milvus Lite does, with the rows that wait, and `InProgress` until nothing is left to merge or to build."""
        answer = super().DescribeIndex(request, context)
        with suppress(MilvusLiteError, RuntimeError):  # the collection was dropped, its worker ended meanwhile
            for index in answer.index_descriptions:
                collection = self._get_collection(request, context)
                waiting = _waiting(collection, index.field_name)
                index.pending_index_rows = waiting
                index.indexed_rows = max(0, index.total_rows - waiting)
                if not self._idle(collection):
                    index.state = common_pb2.IndexState.InProgress
        return answer

    def _idle(self, collection: Any) -> bool:
        # One worker does all of it, in order: a mark that it came by was put behind all that was to be done.
        mark = self._marks.get(collection)
        if mark is None or mark.done():
            mark = self._marks[collection] = collection._bg_executor.submit(lambda: None)
        with suppress(TimeoutError):
            mark.result(IDLE_S)
        return mark.done()


def _waiting(collection: Any, field: str) -> int:
    segments = collection._segments_snapshot()
    return int(collection.count() + sum(one.num_rows for one in segments if field not in one.indexes))
