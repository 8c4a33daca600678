"""Bulk imports as those see them who read their sources: taken up, recorded batch by batch, ended.

Who reads is the owner, for as long as it is heard of. Each write asks whether the owner still is one and whether the import is
still to be read, under the row's lock: what a paused, cancelled or lost import had read last is dropped, and read again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, func, or_, select, true, update

from imagesearch.errors import ImageSearchError, ImportCancelled, UnknownImport
from imagesearch.stores.sql.add_log import pending_values
from imagesearch.stores.sql.database import Database, repeat_when_busy
from imagesearch.stores.sql.held import WAIT
from imagesearch.stores.sql.imports import import_of
from imagesearch.stores.sql.insert import insert_missing
from imagesearch.stores.sql.still import still
from imagesearch.stores.sql.tables import image_add_log as log
from imagesearch.stores.sql.tables import image_import as table
from imagesearch.stores.sql.tables import image_import_error as errors
from imagesearch.types import AddRequest, Cursor, Import, ImportState, LogState

# Bad lines that an import keeps; beyond it they are only counted.
MAX_ERRORS = 10_000
MAX_DETAIL = 1000


@dataclass(frozen=True, slots=True)
class LineFault:
    """A line of a source that gives no request, and why."""

    line: int
    place: str
    error: ImageSearchError


@dataclass(frozen=True, slots=True)
class Batch:
    """What was read from `start` lines on up to the cursor. `skipped` counts what is no picture, the bad lines included."""

    start: int
    cursor: Cursor
    requests: Sequence[AddRequest]
    skipped: int = 0
    bad: Sequence[LineFault] = field(default=())
    total: int | None = None


class ImportWork:
    """The imports that are read, or should be."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @repeat_when_busy
    def claim(self, owner: str, lease_s: float, after_s: float = 0.0) -> Import | None:
        """Take up an import whose source nobody reads, the oldest first; None where there is none.

        A running one is free when its owner was not heard of for `lease_s`; a pending one when it waited for `after_s`.
        """
        now = datetime.now(UTC)
        free = _free(now, lease_s, after_s)
        query = select(table.c.id).where(free).order_by(table.c.id).limit(100)
        with self._database.read() as connection:
            seen = connection.scalars(query).all()
        for one in seen:
            with self._database.write() as connection:
                taken = {"owner": owner, "state": ImportState.RUNNING, "beat_time": now}
                taken["start_time"] = func.coalesce(table.c.start_time, now)
                # Asked again with the change itself: of several that saw it free one takes it.
                if connection.execute(update(table).where(table.c.id == one, free).values(taken)).rowcount:
                    return import_of(connection.execute(select(table).where(table.c.id == one)).one())
        return None

    def unfinished(self) -> bool:
        """Say whether an import is being read or should be, or rows of a cancelled one wait to be made final."""
        reading = table.c.state.in_([ImportState.PENDING, ImportState.RUNNING])
        query = select(table.c.id).where(or_(reading, (table.c.state == ImportState.CANCELLED) & WAIT)).limit(1)
        with self._database.read() as connection:
            return connection.execute(query).first() is not None

    def cancelled(self) -> list[int]:
        """Return the cancelled imports of which rows still wait."""
        with self._database.read() as connection:
            return list(connection.scalars(select(table.c.id).where(table.c.state == ImportState.CANCELLED, WAIT)))

    def beat(self, import_id: int, owner: str) -> bool:
        """Tell that the owner lives; False when the import is no longer its to read."""
        mine = (table.c.id == import_id) & (table.c.owner == owner) & (table.c.state == ImportState.RUNNING)
        with self._database.write() as connection:
            return bool(connection.execute(update(table).where(mine).values(beat_time=datetime.now(UTC))).rowcount)

    @repeat_when_busy
    def release(self, import_id: int, owner: str) -> None:
        """Let another take the import up at once, where it is the owner's still."""
        mine = (table.c.id == import_id) & (table.c.owner == owner) & (table.c.state == ImportState.RUNNING)
        with self._database.write() as connection:
            connection.execute(update(table).where(mine).values(owner=None, beat_time=None))

    @repeat_when_busy
    def restart(self, import_id: int, owner: str, version: str) -> bool:
        """Forget what was counted, since the source is read from its beginning; False when the import is not ours to read."""
        values = {"added": 0, "known": 0, "skipped": 0, "bad": 0, "version": version, "position": 0, "place": None, "total": None}
        with self._database.write() as connection:
            if _ours(connection, import_id, owner) is None:
                return False
            connection.execute(delete(errors).where(errors.c.import_id == import_id))
            connection.execute(update(table).where(table.c.id == import_id).values(values))
        return True

    @repeat_when_busy
    def record(self, import_id: int, owner: str, batch: Batch) -> bool:
        """Append the batch's requests and count it, in one transaction; False when the import is not ours to read any more.

        A batch that was recorded before, without its author having heard of it, is recorded once.
        """
        now = datetime.now(UTC)
        with self._database.write() as connection:
            row = _ours(connection, import_id, owner)
            if row is None:
                return False
            if row.position != batch.start:
                return bool(row.position == batch.cursor.position)
            added = _append(connection, import_id, batch.requests, now)
            kept = batch.bad[: max(0, MAX_ERRORS - row.bad)]
            insert_missing(connection, errors, [_error_values(import_id, one, now) for one in kept])
            changes = {
                "added": table.c.added + added,
                "known": table.c.known + len(batch.requests) - added,
                "skipped": table.c.skipped + batch.skipped,
                "bad": table.c.bad + len(batch.bad),
                "total": batch.total,
                "position": batch.cursor.position,
                "place": _kept(batch.cursor.place),
                "beat_time": now,
            }
            connection.execute(update(table).where(table.c.id == import_id).values(changes))
        return True

    @repeat_when_busy
    def end(self, import_id: int, owner: str, error: ImageSearchError | None = None) -> Import:
        """Record the reading's end, with the error that broke it off, unless it is not ours; return what stands now."""
        now = datetime.now(UTC)
        with self._database.write() as connection:
            row = _ours(connection, import_id, owner)
            if row is not None:
                # Two imports of one source at once may both have counted a row as theirs.
                added = connection.execute(select(func.count()).where(log.c.import_id == import_id)).scalar_one()
                values: dict[str, Any] = {"added": added, "known": max(0, row.position - row.skipped - added)}
                values |= {"owner": None, "beat_time": now, "state": ImportState.DONE, "read_time": now, "total": row.position}
                if error is not None:
                    why = {"error_code": error.code, "error_detail": _kept(error.detail)}
                    values |= {"state": ImportState.FAILED, "read_time": None, "total": row.total, **why}
                connection.execute(update(table).where(table.c.id == import_id).values(values))
            found = connection.execute(select(table).where(table.c.id == import_id)).first()
        if found is None:
            raise UnknownImport(f"no import has the id {import_id}")
        return import_of(found)


def _free(now: datetime, lease_s: float, after_s: float) -> ColumnElement[bool]:
    lease = timedelta(seconds=lease_s)
    # A time from the future is one of a clock that was put back.
    silent = or_(table.c.beat_time.is_(None), table.c.beat_time < now - lease, table.c.beat_time > now + lease)
    waited = table.c.beat_time <= now - timedelta(seconds=after_s) if after_s else true()
    return or_((table.c.state == ImportState.PENDING) & waited, (table.c.state == ImportState.RUNNING) & silent)


def _ours(connection: Connection, import_id: int, owner: str) -> Row[Any] | None:
    row = connection.execute(select(table).where(table.c.id == import_id).with_for_update()).first()
    return row if row is not None and row.owner == owner and row.state == ImportState.RUNNING else None


def _append(connection: Connection, import_id: int, requests: Sequence[AddRequest], now: datetime) -> int:
    """Append the requests whose keys are new, take over those that cancelled imports left, and return how many both are."""
    by_key = {(one.namespace, one.idempotency_key): one for one in requests}
    known: dict[tuple[str, str | None], Row[Any, Any, Any, Any, Any]] = {}
    for namespace in {one.namespace for one in requests}:
        keys = [key for place, key in by_key if place == namespace]
        columns = log.c.id, log.c.idempotency_key, log.c.state, log.c.error_code, log.c.import_id
        query = select(*columns).where(log.c.namespace == namespace, log.c.idempotency_key.in_(keys))
        known |= {(namespace, row.idempotency_key): row for row in connection.execute(query)}
    new = [{**pending_values(one, now), "import_id": import_id} for key, one in by_key.items() if key not in known]
    insert_missing(connection, log, new)
    return len(new) + _take_over(connection, import_id, list(known.values()))


def _take_over(connection: Connection, import_id: int, known: Sequence[Row[Any, Any, Any, Any, Any]]) -> int:
    """Have those of the rows that a cancelled import left wait anew, as this import's, and return how many those are."""
    waiting_of = {row.import_id for row in known if row.state == LogState.PENDING and row.import_id not in (None, import_id)}
    # Rows that it has not made final yet are left by it too. What is cancelled stays so: this holds for the change below.
    cancelled = select(table.c.id).where(table.c.id.in_(sorted(waiting_of)), table.c.state == ImportState.CANCELLED)
    over = connection.scalars(cancelled).all() if waiting_of else []
    left = [row.id for row in known if row.error_code == ImportCancelled.code or row.import_id in over]
    if not left:
        return 0
    final = still(LogState.FAILED) & (log.c.error_code == ImportCancelled.code)
    # Asked again with the change itself: of two imports that saw a row one takes it.
    mine = log.c.id.in_(sorted(left)), final | (still(LogState.PENDING) & log.c.import_id.in_(over))
    values: dict[str, Any] = {"state": LogState.PENDING, "import_id": import_id, "attempts": 0}
    values |= {"error_code": None, "error_detail": None, "retry_time": None}
    return connection.execute(update(log).where(*mine).values(values)).rowcount


def _error_values(import_id: int, bad: LineFault, now: datetime) -> dict[str, Any]:
    why = {"code": bad.error.code, "detail": _kept(bad.error.detail), "create_time": now}
    return {"import_id": import_id, "line": bad.line, "place": _kept(bad.place), **why}


def _kept(text: str) -> str:
    """Return a text that every database takes: names of files may be no text at all."""
    return text[:MAX_DETAIL].encode("utf-8", "backslashreplace").decode()
