"""The rows that loaders leave alone: those of imports that are paused, or cancelled and not final yet."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import ColumnElement, Connection, exists, literal_column, select

from imagesearch.stores.sql.tables import image_add_log as log
from imagesearch.stores.sql.tables import image_import
from imagesearch.types import ImportState, LogState

HELD = (ImportState.PAUSED, ImportState.CANCELLED)
# That rows of an import wait.
WAIT = exists().where(log.c.import_id == image_import.c.id, log.c.state == LogState.PENDING)

# "+" keeps the databases from the index that begins with state and retry_time: behind the millions of rows of a paused import it
# finds the few others only by walking past all of them.
NEVER_TRIED = literal_column("+image_add_log.retry_time").is_(None)


def held_imports(connection: Connection) -> list[int]:
    """Return the imports whose waiting rows are left alone."""
    return list(connection.scalars(select(image_import.c.id).where(image_import.c.state.in_(HELD), WAIT)))


def held_rows(connection: Connection, log_ids: Collection[int]) -> list[int]:
    """Return those of these rows, whatever their state, that are of imports whose waiting rows are left alone."""
    query = select(log.c.id).join(image_import, image_import.c.id == log.c.import_id)
    return list(connection.scalars(query.where(log.c.id.in_(sorted(log_ids)), image_import.c.state.in_(HELD))))


def open_groups(connection: Connection) -> list[ColumnElement[bool]]:
    """Return a condition for each group of waiting rows that are not held: those of no import, and those of each import.

    Each is answered by the index that begins with import_id, whose order within a group is that of the log_ids.
    """
    imports = connection.scalars(select(image_import.c.id).where(image_import.c.state.not_in(HELD), WAIT)).all()
    return [log.c.import_id.is_(None), *(log.c.import_id == one for one in imports)]
