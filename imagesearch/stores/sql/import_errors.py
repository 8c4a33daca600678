"""What went wrong in an import: bad lines of its source, and rows that could not be loaded; by key, a page at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select

from imagesearch.stores.sql.database import Database
from imagesearch.stores.sql.tables import image_add_log as log
from imagesearch.stores.sql.tables import image_import_error as errors
from imagesearch.types import LogState

PAGE = 1000


@dataclass(frozen=True, slots=True)
class ImportFault:
    """A line of the source, by its number, or a row of the add-log, by its log_id; `place` is what it names."""

    line: int | None
    log_id: int | None
    place: str
    code: str
    detail: str


class ImportErrors:
    """Reads the faults of imports."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def first(self, import_id: int, limit: int) -> list[ImportFault]:
        """Return up to `limit` faults: bad lines in their order, then failed rows in theirs."""
        lines = self.lines(import_id, -1, limit)
        return lines + (self.rows(import_id, -1, limit - len(lines)) if len(lines) < limit else [])

    def lines(self, import_id: int, after: int, limit: int = PAGE) -> list[ImportFault]:
        """Return up to `limit` bad lines with a number above `after`, by number."""
        query = select(errors).where(errors.c.import_id == import_id, errors.c.line > after).order_by(errors.c.line).limit(limit)
        with self._database.read() as connection:
            return [ImportFault(row.line, None, row.place, row.code, row.detail) for row in connection.execute(query)]

    def rows(self, import_id: int, after: int, limit: int = PAGE) -> list[ImportFault]:
        """Return up to `limit` failed rows with a log_id above `after`, by log_id."""
        failed = (log.c.import_id == import_id) & (log.c.state == LogState.FAILED) & (log.c.id > after)
        query = select(log.c.id, log.c.image_path, log.c.error_code, log.c.error_detail).where(failed)
        with self._database.read() as connection:
            return [
                ImportFault(None, row.id, row.image_path, row.error_code or "", row.error_detail or "")
                for row in connection.execute(query.order_by(log.c.id).limit(limit))
            ]

    def pages(self, import_id: int) -> Iterator[list[ImportFault]]:
        """Yield all faults a page at a time; memory is one page."""
        after = -1
        while page := self.lines(import_id, after):
            yield page
            after = page[-1].line or 0
        after = -1
        while page := self.rows(import_id, after):
            yield page
            after = page[-1].log_id or 0
