"""The add requests that wait for a loader, as whoever feeds one sees them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select

from imagesearch.stores.sql.add_log import log_row
from imagesearch.stores.sql.database import Database
from imagesearch.stores.sql.known_import import require_import
from imagesearch.stores.sql.pause import LONGEST_S
from imagesearch.stores.sql.tables import image_add_log as log
from imagesearch.types import LogRow, LogState

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
        query = _upto(select(log.c.id).where(*self._waits(), log.c.retry_time.is_(None), log.c.id > after), upto)
        with self._database.read() as connection:
            return list(connection.scalars(query.order_by(log.c.id).limit(limit)))

    def due(self, upto: int | None, limit: int, passing: Collection[int] = ()) -> list[int]:
        """Return the log_ids of up to `limit` rows whose time to be tried again has come, but for those of `passing`."""
        query = _upto(select(log.c.id).where(*self._waits(), log.c.retry_time.is_not(None), _is_due()), upto)
        # Passed over here and not by NOT IN, which would keep the databases from their index.
        with self._database.read() as connection:
            found = connection.scalars(query.order_by(log.c.retry_time, log.c.id).limit(limit + len(passing))).all()
            return [log_id for log_id in found if log_id not in passing][:limit]

    def any(self, upto: int | None) -> bool:
        """Say whether any row waits, be it for its time."""
        with self._database.read() as connection:
            return connection.execute(_upto(select(log.c.id).where(*self._waits()), upto).limit(1)).first() is not None

    def rows(self, log_ids: Collection[int]) -> list[LogRow]:
        """Return those of these rows that wait and may be tried now, by log_id."""
        ordered = sorted(log_ids)
        found: list[LogRow] = []
        with self._database.read() as connection:
            for start in range(0, len(ordered), CHUNK):
                query = select(log).where(*self._waits(), log.c.id.in_(ordered[start : start + CHUNK]))
                query = query.where(log.c.retry_time.is_(None) | _is_due()).order_by(log.c.id)
                found += map(log_row, connection.execute(query))
        return found

    def _waits(self) -> list[ColumnElement[bool]]:
        """Return what makes a row one that waits; every look goes by it."""
        conditions: list[ColumnElement[bool]] = [log.c.state == LogState.PENDING]
        if self._import_id is not None:
            conditions.append(log.c.import_id == self._import_id)
        return conditions


def _is_due() -> ColumnElement[bool]:
    now = datetime.now(UTC)
    # No pause is that long: the clock of whoever wrote it was ahead, or this one was set back, and the row must not wait for it.
    return (log.c.retry_time <= now) | (log.c.retry_time > now + timedelta(seconds=LONGEST_S))


def _upto(query: Select[Any], upto: int | None) -> Select[Any]:
    return query if upto is None else query.where(log.c.id <= upto)
