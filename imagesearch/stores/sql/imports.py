"""Bulk imports: one row each, with what came of its lines."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import func, insert, select, update

from imagesearch.stores.sql.database import Database
from imagesearch.stores.sql.tables import image_add_log as log
from imagesearch.stores.sql.tables import image_import


@dataclass(frozen=True, slots=True)
class ImportSummary:
    """What an import found: `added` rows are new, `known` ones were added before, `skipped` ones are no pictures or bad lines."""

    import_id: int
    added: int
    known: int
    skipped: int


class Imports:
    """The table of imports."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, namespace: str, source: str) -> int:
        """Record a new import and return its id."""
        values = {"namespace": namespace, "source": source, "state": "running", "create_time": datetime.now(UTC)}
        with self._database.write() as connection:
            return int(connection.execute(insert(image_import).values(values)).lastrowid)

    def finish(self, import_id: int, requested: int, skipped: int, *, failed: bool = False) -> ImportSummary:
        """Record the import's end. `requested` rows were appended with its id; those that were known kept an earlier one."""
        with self._database.write() as connection:
            added = connection.execute(select(func.count()).where(log.c.import_id == import_id)).scalar_one()
            summary = ImportSummary(import_id, added, requested - added, skipped)
            connection.execute(
                update(image_import)
                .where(image_import.c.id == import_id)
                .values(state="failed" if failed else "done", added=added, known=summary.known, skipped=skipped)
            )
        return summary
