"""The add requests that failed, and their second chance."""

from __future__ import annotations

from sqlalchemy import ColumnElement, or_, select, update

from imagesearch.errors import ImportCancelled
from imagesearch.stores.sql.add_log import log_row
from imagesearch.stores.sql.database import Database, repeat_when_busy
from imagesearch.stores.sql.known_import import require_import
from imagesearch.stores.sql.still import still
from imagesearch.stores.sql.tables import image_add_log as log
from imagesearch.types import LogRow, LogState

# Rows of one transaction: short enough for others that want the same rows or, on SQLite, the one lock.
CHUNK = 1000


class Failed:
    """The failed rows of the add-log: all of them, or only those of an import, of a namespace, with an error code."""

    def __init__(
        self, database: Database, import_id: int | None = None, namespace: str | None = None, error_code: str | None = None
    ) -> None:
        self._database = database
        self._import_id = import_id
        wanted = {log.c.import_id: import_id, log.c.namespace: namespace, log.c.error_code: error_code}
        self._conditions: list[ColumnElement[bool]] = [
            log.c.state == LogState.FAILED,
            # Always so; said, it lets the index give the rows in the order of their keys.
            log.c.retry_time.is_(None),
            # Cancelled is meant for good: a loader would leave them alone, and they would wait for ever.
            or_(log.c.error_code.is_(None), log.c.error_code != ImportCancelled.code),
            *(column == value for column, value in wanted.items() if value is not None),
        ]

    def require(self) -> None:
        """Raise UnknownImport where the rows of an import are meant that does not exist."""
        with self._database.read() as connection:
            require_import(connection, self._import_id)

    def page(self, after: int, limit: int) -> list[LogRow]:
        """Return up to `limit` rows with log_id > after, by log_id."""
        query = select(log).where(*self._conditions, log.c.id > after).order_by(log.c.id).limit(limit)
        with self._database.read() as connection:
            return [log_row(row) for row in connection.execute(query)]

    @repeat_when_busy
    def retry(self, after: int) -> tuple[int, int] | None:
        """Make the next rows with log_id > after pending again, as if they had never been tried, in one transaction.

        Return the last log_id of them and how many changed, None when there are no more. Walked by key, so that a row that
        fails again meanwhile is not taken twice.
        """
        with self._database.write() as connection:
            query = select(log.c.id).where(*self._conditions, log.c.id > after).order_by(log.c.id).limit(CHUNK)
            ids = connection.scalars(query).all()
            if not ids:
                return None
            changed = connection.execute(
                update(log)
                .where(log.c.id.in_(ids), still(LogState.FAILED))
                .values(state=LogState.PENDING, attempts=0, error_code=None, error_detail=None)
            )
        return ids[-1], changed.rowcount
