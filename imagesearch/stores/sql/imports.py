"""Bulk imports as people see and steer them: asked for, listed, counted, paused, resumed, cancelled."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, Select, func, insert, select, update

from imagesearch.errors import IdempotencyConflict, ImportCancelled, ImportConflict, UnknownImport
from imagesearch.stores.sql.database import Database, repeat_when_busy
from imagesearch.stores.sql.insert import insert_missing
from imagesearch.stores.sql.still import still
from imagesearch.stores.sql.tables import image_add_log as log
from imagesearch.stores.sql.tables import image_import as table
from imagesearch.types import Cursor, Import, ImportState, LogState

# Rows of one transaction that fails the waiting rows of a cancelled import.
CHUNK = 1000
# The speed of a load is that of its last rows, and none where the last one is older than the window.
PACE_ROWS = 500
PACE_WINDOW = timedelta(seconds=60)


class Imports:
    """The table of imports. A change is committed when its method returns."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, namespace: str, source: str, *, trusted: bool = False, owner: str | None = None) -> Import:
        """Record a new import: pending, or running where its reader is there already."""
        now = datetime.now(UTC)
        values = {
            "namespace": namespace,
            "source": source,
            "trusted": trusted,
            "owner": owner,
            "create_time": now,
            "beat_time": now,
        }
        values |= {"state": ImportState.RUNNING, "start_time": now} if owner else {"state": ImportState.PENDING}
        with self._database.write() as connection:
            import_id = int(connection.execute(insert(table).values(values)).lastrowid)
            return import_of(_row(connection, import_id))

    @repeat_when_busy
    def create_once(self, namespace: str, source: str, key: str) -> Import:
        """Record a new pending import under an idempotency key, or return the one that has it in this namespace.

        Raises IdempotencyConflict where that one is of another source.
        """
        now = datetime.now(UTC)
        values: dict[str, Any] = {"namespace": namespace, "source": source, "idempotency_key": key, "state": ImportState.PENDING}
        values |= {"added": 0, "known": 0, "skipped": 0, "create_time": now, "beat_time": now}
        with self._database.write() as connection:
            insert_missing(connection, table, [values])
            return _same(connection.execute(_keyed(namespace, key)).one(), source)

    def find(self, namespace: str, source: str, key: str) -> Import | None:
        """Return the import that has the idempotency key, None where none has. Raises IdempotencyConflict."""
        with self._database.read() as connection:
            row = connection.execute(_keyed(namespace, key)).first()
        return None if row is None else _same(row, source)

    def get(self, import_id: int) -> Import:
        """Return the import, or raise UnknownImport."""
        with self._database.read() as connection:
            return import_of(_row(connection, import_id))

    def page(self, before: int | None, limit: int, namespaces: Collection[str] | None = None) -> list[Import]:
        """Return up to `limit` imports, newest first, older than the import `before`, of these namespaces or of all."""
        query = select(table).order_by(table.c.id.desc()).limit(limit)
        if before is not None:
            query = query.where(table.c.id < before)
        if namespaces is not None:
            query = query.where(table.c.namespace.in_(sorted(namespaces)))
        with self._database.read() as connection:
            return [import_of(row) for row in connection.execute(query)]

    def rows(self, import_id: int) -> dict[LogState, int]:
        """Count the import's rows by state: an index's entries are walked, some millions a second."""
        query = select(log.c.state, func.count().label("rows")).where(log.c.import_id == import_id).group_by(log.c.state)
        with self._database.read() as connection:
            counted = {LogState(row.state): int(row.rows) for row in connection.execute(query)}
        return {state: counted.get(state, 0) for state in LogState}

    def pace(self, import_id: int) -> float | None:
        """Return how many of the import's pictures a second were loaded lately; None where none was in the last minute."""
        now = datetime.now(UTC)
        times: list[datetime] = []
        with self._database.read() as connection:
            for state in (LogState.LOADED, LogState.DUPLICATE):
                recent = select(log.c.load_time).where(log.c.import_id == import_id, log.c.state == state)
                times += connection.scalars(recent.order_by(log.c.id.desc()).limit(PACE_ROWS)).all()
        lately = sorted(time for time in times if now - time < PACE_WINDOW)
        if not lately:
            return None
        # Rows become final a batch at a time: those of the oldest batch were worked on before the first of these times.
        within = sum(time > lately[0] for time in lately)
        seconds = (lately[-1] - lately[0]).total_seconds()
        return within / seconds if within and seconds > 0 else len(lately) / max((now - lately[0]).total_seconds(), 1.0)

    @repeat_when_busy
    def pause(self, import_id: int) -> Import:
        """Stop the reading and have loaders leave the import's rows alone. Raises UnknownImport, ImportConflict."""
        return self._turn(import_id, ImportState.PAUSED)

    @repeat_when_busy
    def cancel(self, import_id: int) -> Import:
        """Stop the reading for good; `fail_waiting` then makes the rows that wait final. Raises UnknownImport, ImportConflict."""
        return self._turn(import_id, ImportState.CANCELLED)

    @repeat_when_busy
    def resume(self, import_id: int) -> Import:
        """Let a paused or failed import go on; one that is going on is left as it is. Raises UnknownImport, ImportConflict."""
        with self._database.write() as connection:
            row = _row(connection, import_id, lock=True)
            if row.state in (ImportState.DONE, ImportState.CANCELLED):
                raise ImportConflict(f"import {import_id} is {row.state}, and is not to be resumed")
            if row.state in (ImportState.PAUSED, ImportState.FAILED):
                state = ImportState.PENDING if row.read_time is None else ImportState.DONE
                values = {"state": state, "owner": None, "beat_time": datetime.now(UTC), "error_code": None, "error_detail": None}
                connection.execute(update(table).where(table.c.id == import_id).values(values))
            return import_of(_row(connection, import_id))

    @repeat_when_busy
    def fail_waiting(self, import_id: int) -> int:
        """Make up to 1,000 waiting rows of a cancelled import final, and return how many; 0 when none is left.

        Those that were loaded once and are to be embedded anew are not final, but the import's no more: what it loaded stays.
        """
        waiting = (log.c.import_id == import_id) & (log.c.state == LogState.PENDING)
        cancelled = select(table.c.id).where(table.c.id == import_id, table.c.state == ImportState.CANCELLED)
        values = {"state": LogState.FAILED, "error_code": ImportCancelled.code, "error_detail": f"import {import_id} was cancelled"}
        with self._database.write() as connection:
            if connection.execute(cancelled).first() is None:
                return 0
            ids = connection.scalars(select(log.c.id).where(waiting).order_by(log.c.id).limit(CHUNK)).all()
            if not ids:
                return 0
            # Only those still waiting: a loader may have finished some in between.
            here = log.c.id.in_(ids), still(LogState.PENDING)
            connection.execute(update(log).where(*here, log.c.milvus_id.is_not(None)).values(import_id=None))
            connection.execute(update(log).where(*here, log.c.milvus_id.is_(None)).values(values))
        return len(ids)

    def _turn(self, import_id: int, target: ImportState) -> Import:
        with self._database.write() as connection:
            row = _row(connection, import_id, lock=True)
            if row.state == target:
                return import_of(row)
            over = row.state in (ImportState.DONE, ImportState.FAILED) and not _waits(connection, import_id)
            # What broke off is cancelled as well, so that nobody resumes it.
            if row.state == ImportState.CANCELLED or (over and (row.state, target) != (ImportState.FAILED, ImportState.CANCELLED)):
                left = "" if row.state == ImportState.CANCELLED else " and no row of it waits"
                raise ImportConflict(f"import {import_id} is {row.state}{left}, and cannot be {target}")
            connection.execute(update(table).where(table.c.id == import_id).values(state=target))
            return import_of(_row(connection, import_id))


def import_of(row: Row[Any]) -> Import:
    """Build the value from a row of the whole table."""
    return Import(
        import_id=row.id,
        namespace=row.namespace,
        source=row.source,
        trusted=row.trusted,
        state=ImportState(row.state),
        added=row.added,
        known=row.known,
        skipped=row.skipped,
        bad=row.bad,
        total=row.total,
        cursor=Cursor(row.version, row.position, row.place or ""),
        error_code=row.error_code,
        error_detail=row.error_detail,
        create_time=row.create_time,
        start_time=row.start_time,
        read_time=row.read_time,
        beat_time=row.beat_time,
    )


def _row(connection: Connection, import_id: int, *, lock: bool = False) -> Row[Any]:
    query = select(table).where(table.c.id == import_id)
    row = connection.execute(query.with_for_update() if lock else query).first()
    if row is None:
        raise UnknownImport(f"no import has the id {import_id}")
    return row


def _keyed(namespace: str, key: str) -> Select[Any]:
    return select(table).where(table.c.namespace == namespace, table.c.idempotency_key == key)


def _same(row: Row[Any], source: str) -> Import:
    if row.source == source:
        return import_of(row)
    key = row.idempotency_key
    raise IdempotencyConflict(f"idempotency_key {key!r} was used for another source (import_id {row.id})", import_id=row.id)


def _waits(connection: Connection, import_id: int) -> bool:
    query = select(log.c.id).where(log.c.import_id == import_id, log.c.state == LogState.PENDING).limit(1)
    return connection.execute(query).first() is not None
