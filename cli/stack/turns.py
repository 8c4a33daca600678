"""Who may go through a server at once: any number of readers, or one writer."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import grpc

WRITES = ("Insert", "Upsert", "Delete", "Create", "Drop", "Alter", "Rename", "Truncate", "Flush", "ManualCompaction")
READS = ("Search", "HybridSearch", "Query", "GetCollectionStatistics")


class Turns:
    """A lock for many readers or one writer, in the order of their coming: neither searches nor a load wait for ever."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._queue: deque[object] = deque()
        self._reading = 0
        self._writing = False

    @contextmanager
    def read(self) -> Iterator[None]:
        """Wait for the writers that came before."""
        with self._changed:
            self._await(lambda: not self._writing)
            self._reading += 1
        try:
            yield
        finally:
            with self._changed:
                self._reading -= 1
                self._changed.notify_all()

    @contextmanager
    def write(self) -> Iterator[None]:
        """Wait for all that came before."""
        with self._changed:
            self._await(lambda: not self._writing and not self._reading)
            self._writing = True
        try:
            yield
        finally:
            with self._changed:
                self._writing = False
                self._changed.notify_all()

    def _await(self, free: Callable[[], bool]) -> None:
        mine = object()
        self._queue.append(mine)
        self._changed.wait_for(lambda: self._queue[0] is mine and free())
        self._queue.popleft()
        self._changed.notify_all()


class InTurn(grpc.ServerInterceptor):  # type: ignore[misc]  # grpcio has no types
    """Gives each call its turn.

    Milvus Lite 3.2.2 answers from ten threads and locks nothing where it numbers rows, appends to its log and puts its memtable
    away: of two writers at once, one's vectors may be in a log that the other has just deleted, gone with the process. A reader
    that comes between memtable and segment misses rows that were there before.
    """

    def __init__(self) -> None:
        self._turns = Turns()

    def intercept_service(self, continuation: Callable[[Any], Any], details: Any) -> Any:
        """Return the handler of the call, within its turn."""
        handler = continuation(details)
        method = details.method.rsplit("/", 1)[-1]
        if method.startswith(WRITES):
            turn = self._turns.write
        elif method in READS:
            turn = self._turns.read
        else:
            return handler

        def answer(request: Any, context: Any) -> Any:
            with turn():
                return handler.unary_unary(request, context)

        return grpc.unary_unary_rpc_method_handler(answer, handler.request_deserializer, handler.response_serializer)
