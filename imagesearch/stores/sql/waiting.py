"""The add requests that wait for a loader, as whoever feeds one sees them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, select, true

from imagesearch.stores.sql.add_log import log_row
from imagesearch.stores.sql.database import Database
from imagesearch.stores.sql.held import NEVER_TRIED, held_imports, open_groups
from imagesearch.stores.sql.known_import import require_import
from imagesearch.stores.sql.pause import LONGEST_S
from imagesearch.stores.sql.still import still
from imagesearch.stores.sql.tables import image_add_log as log
from imagesearch.types import LogRow, LogState

WAITS = log.c.state == LogState.PENDING
# Ids of one IN list; SQLite allows 32,766 bound values a statement.
CHUNK = 1000


class Waiting:
    """Reads the pending rows of the add-log, all of them or those of one import.

    `fresh` rows were never tried, or nothing keeps them from being tried now; the others are `due` at a time of their own.
    """

    def __init__(self, database: Database, import_id: int | None = None) -> None:
        self._database = database
        self._import_id = import_id

    def last_id(self) -> int:
        """Return the highest log_id given so far, 0 when there is none. Raises UnknownImport."""
        with self._database.read() as connection:
            require_import(connection, self._import_id)
            return connection.scalar(select(func.max(log.c.id))) or 0

    def fresh(self, after: int, upto: int | None, limit: int) -> list[int]:
        """Return the log_ids of up to `limit` fresh rows with after < log_id <= upto, in order."""
        with self._database.read() as connection:
            if not held_imports(connection):
                return self._fresh(connection, self._ours(), log.c.retry_time.is_(None), after, upto, limit)
            found: list[int] = []
            for group in self._groups(connection):
                found += self._fresh(connection, group, NEVER_TRIED, after, upto, limit)
            return sorted(found)[:limit]

    def due(self, upto: int | None, limit: int, passing: Collection[int] = ()) -> list[int]:
        """Return the log_ids of up to `limit` rows whose time to be tried again has come, but for those of `passing`."""
        query = _upto(select(log.c.id).where(WAITS, log.c.retry_time.is_not(None), _is_due()), upto)
        # Passed over here and not by NOT IN, which would keep the databases from their index.
        with self._database.read() as connection:
            query = query.where(*self._mine(connection)).order_by(log.c.retry_time, log.c.id)
            found = connection.scalars(query.limit(limit + len(passing))).all()
            return [log_id for log_id in found if log_id not in passing][:limit]

    def any(self, upto: int | None) -> bool:
        """Say whether any row waits, be it for its time."""
        with self._database.read() as connection:
            groups = self._groups(connection) if held_imports(connection) else [self._ours()]
            queries = (_upto(select(log.c.id).where(WAITS, group), upto).limit(1) for group in groups)
            return any(connection.execute(query).first() is not None for query in queries)

    def rows(self, log_ids: Collection[int]) -> list[LogRow]:
        """Return those of these rows that wait and may be tried now, by log_id."""
        ordered = sorted(log_ids)
        found: list[LogRow] = []
        with self._database.read() as connection:
            mine = self._mine(connection)
            for start in range(0, len(ordered), CHUNK):
                query = select(log).where(still(LogState.PENDING), *mine, log.c.id.in_(ordered[start : start + CHUNK]))
                query = query.where(log.c.retry_time.is_(None) | _is_due()).order_by(log.c.id)
                found += map(log_row, connection.execute(query))
        return found

    def _fresh(
        self,
        connection: Connection,
        group: ColumnElement[bool],
        never_tried: ColumnElement[bool],
        after: int,
        upto: int | None,
        limit: int,
    ) -> list[int]:
        query = _upto(select(log.c.id).where(WAITS, group, never_tried, log.c.id > after), upto)
        return list(connection.scalars(query.order_by(log.c.id).limit(limit)))

    def _ours(self) -> ColumnElement[bool]:
        return true() if self._import_id is None else log.c.import_id == self._import_id

    def _groups(self, connection: Connection) -> list[ColumnElement[bool]]:
        """Return the groups of rows that are ours and not held."""
        if self._import_id is None:
            return open_groups(connection)
        return [] if self._import_id in held_imports(connection) else [self._ours()]

    def _mine(self, connection: Connection) -> list[ColumnElement[bool]]:
        """Return what makes a waiting row ours to load; every look goes by it."""
        conditions = [self._ours()]
        if held := held_imports(connection):
            # Ids begin at 1. As an expression it leads no database away from the keys.
            conditions.append(func.coalesce(log.c.import_id, 0).not_in(held))
        return conditions


def _is_due() -> ColumnElement[bool]:
    now = datetime.now(UTC)
    # No pause is that long: the clock of whoever wrote it was ahead, or this one was set back, and the row must not wait for it.
    return (log.c.retry_time <= now) | (log.c.retry_time > now + timedelta(seconds=LONGEST_S))


def _upto(query: Select[Any], upto: int | None) -> Select[Any]:
    return query if upto is None else query.where(log.c.id <= upto)
