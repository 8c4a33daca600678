"""The add-log as the service sees it: append requests, tell what became of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select

from imagesearch.errors import IdempotencyConflict, ImageSearchError, UnknownLog
from imagesearch.stores.sql.database import Database, repeat_when_busy
from imagesearch.stores.sql.insert import insert_all, insert_missing
from imagesearch.stores.sql.tables import image_add_log as log
from imagesearch.types import AddRequest, LogRow, LogState


@dataclass(frozen=True, slots=True)
class Backlog:
    """What still waits, and what failed; `oldest_pending_s` is the age of the oldest waiting row in seconds."""

    pending: int
    failed: int
    oldest_pending_s: float | None


class AddLog:
    """Every add request, kept for ever: the truth from which all else can be rebuilt."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @repeat_when_busy
    def append(self, requests: Sequence[AddRequest]) -> list[LogRow | ImageSearchError]:
        """Append the requests in one transaction and return their rows in order; committed when this returns.

        A request whose idempotency key is known appends nothing and returns the first row, or an IdempotencyConflict
        as a value where the two requests differ.
        """
        now = datetime.now(UTC)
        with self._database.write() as connection:
            keyed = [r for r in requests if r.idempotency_key is not None]
            insert_missing(connection, log, [pending_values(r, now) for r in keyed])
            first = _rows_by_key(connection, keyed)
            ids = iter(insert_all(connection, log, [pending_values(r, now) for r in requests if r.idempotency_key is None]))
            return [
                _fresh(next(ids), request, now) if request.idempotency_key is None else _same_or_conflict(first, request)
                for request in requests
            ]

    def get(self, log_id: int) -> LogRow:
        """Return the row, or raise UnknownLog."""
        with self._database.read() as connection:
            row = connection.execute(select(log).where(log.c.id == log_id)).first()
        if row is None:
            raise UnknownLog(f"no add request has the log_id {log_id}")
        return log_row(row)

    def backlog(self) -> Backlog:
        """Count the rows that wait and that failed."""
        with self._database.read() as connection:
            states = select(log.c.state, func.count().label("rows")).group_by(log.c.state)
            counted = connection.execute(states.where(log.c.state.in_([LogState.PENDING, LogState.FAILED])))
            counts: dict[str, int] = {row.state: row.rows for row in counted}
        return Backlog(counts.get(LogState.PENDING, 0), counts.get(LogState.FAILED, 0), self.oldest_pending_s())

    def oldest_pending_s(self) -> float | None:
        """Return the age of the oldest row that waits, in seconds; None where none does."""
        with self._database.read() as connection:
            # The row with the least id is the oldest but for transactions that overlapped. Asked for apart, each from one end of
            # the index: rows that wait for their time are few.
            first = [
                connection.scalar(select(func.min(log.c.id)).where(log.c.state == LogState.PENDING, part))
                for part in (log.c.retry_time.is_(None), log.c.retry_time.is_not(None))
            ]
            ids = [log_id for log_id in first if log_id is not None]
            oldest = connection.scalar(select(log.c.create_time).where(log.c.id == min(ids))) if ids else None
        return None if oldest is None else max(0.0, (datetime.now(UTC) - oldest).total_seconds())

    def ping(self) -> None:
        """Raise StoreUnavailable when the database does not answer."""
        self._database.ping()


def log_row(row: Row[Any]) -> LogRow:
    """Build the value from a row of the whole table, with the `info` that holds now."""
    return LogRow(
        log_id=row.id,
        namespace=row.namespace,
        image_path=row.image_path,
        info=row.info if row.changed_info is None else row.changed_info,
        state=LogState(row.state),
        milvus_id=row.milvus_id,
        attempts=row.attempts,
        error_code=row.error_code,
        error_detail=row.error_detail,
        create_time=row.create_time,
        load_time=row.load_time,
    )


def pending_values(request: AddRequest, now: datetime) -> dict[str, Any]:
    """Return the columns of a request's new row."""
    return {
        "idempotency_key": request.idempotency_key,
        "import_id": request.import_id,
        "namespace": request.namespace,
        "image_path": request.image_path,
        "info": dict(request.info),
        "state": LogState.PENDING,
        "attempts": 0,
        "create_time": now,
    }


def _rows_by_key(connection: Connection, requests: Sequence[AddRequest]) -> dict[tuple[str, str | None], Row[Any]]:
    found: dict[tuple[str, str | None], Row[Any]] = {}
    for namespace in {r.namespace for r in requests}:
        keys = [r.idempotency_key for r in requests if r.namespace == namespace]
        for start in range(0, len(keys), 1000):
            where = (log.c.namespace == namespace) & log.c.idempotency_key.in_(keys[start : start + 1000])
            found |= {(namespace, row.idempotency_key): row for row in connection.execute(select(log).where(where))}
    return found


def _fresh(log_id: int, request: AddRequest, now: datetime) -> LogRow:
    return LogRow(log_id, request.namespace, request.image_path, request.info, LogState.PENDING, None, 0, None, None, now, None)


def _same_or_conflict(first: dict[tuple[str, str | None], Row[Any]], request: AddRequest) -> LogRow | ImageSearchError:
    row = first[request.namespace, request.idempotency_key]
    same_info = json.dumps(row.info, sort_keys=True) == json.dumps(dict(request.info), sort_keys=True)
    if row.image_path == request.image_path and same_info:
        return log_row(row)
    return IdempotencyConflict(
        f"idempotency_key {request.idempotency_key!r} was used for another request (log_id {row.id})", log_id=row.id
    )
