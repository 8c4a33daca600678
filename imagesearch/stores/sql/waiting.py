"""The add requests that wait for a loader, as whoever feeds one sees them."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import ColumnElement, func, select

from imagesearch.stores.sql.add_log import log_row
from imagesearch.stores.sql.database import Database
from imagesearch.stores.sql.tables import image_add_log as log
from imagesearch.types import LogRow, LogState

# Ids of one IN list; SQLite allows 32,766 bound values a statement.
CHUNK = 1000


class Waiting:
    """Reads the pending rows of the add-log, all of them or those of one import."""

    def __init__(self, database: Database, import_id: int | None = None) -> None:
        self._database = database
        self._import_id = import_id

    def last_id(self) -> int:
        """Return the highest log_id given so far, 0 when there is none."""
        with self._database.read() as connection:
            return connection.execute(select(func.max(log.c.id))).scalar() or 0

    def ids(self, after: int, upto: int | None, limit: int) -> list[int]:
        """Return the log_ids of up to `limit` pending rows with after < log_id <= upto, in order: answered by an index alone."""
        query = select(log.c.id).where(*self._waits(), log.c.id > after).order_by(log.c.id).limit(limit)
        if upto is not None:
            query = query.where(log.c.id <= upto)
        with self._database.read() as connection:
            return list(connection.scalars(query))

    def rows(self, log_ids: Collection[int]) -> list[LogRow]:
        """Return those of these rows that wait, by log_id."""
        ordered = sorted(log_ids)
        found: list[LogRow] = []
        with self._database.read() as connection:
            for start in range(0, len(ordered), CHUNK):
                query = select(log).where(*self._waits(), log.c.id.in_(ordered[start : start + CHUNK])).order_by(log.c.id)
                found += map(log_row, connection.execute(query))
        return found

    def _waits(self) -> list[ColumnElement[bool]]:
        """Return what makes a row one that waits; every look goes by it."""
        conditions = [log.c.state == LogState.PENDING]
        if self._import_id is not None:
            conditions.append(log.c.import_id == self._import_id)
        return conditions
