"""The one statement that the dialects spell differently: insert what is not there yet."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import mysql, sqlite


def insert_missing(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    """Insert the rows whose unique keys are free, in one multi-row statement a chunk; the others are left as they are.

    MySQL's INSERT IGNORE is not used: it would also cut long values and swallow other faults.
    """
    if not rows:
        return
    key = next(iter(table.primary_key))
    # SQLite allows 32,766 bound values a statement.
    chunk = max(1, 30_000 // len(rows[0]))
    for start in range(0, len(rows), chunk):
        part = rows[start : start + chunk]
        if connection.dialect.name == "sqlite":
            connection.execute(sqlite.insert(table).values(part).on_conflict_do_nothing())
        else:
            connection.execute(mysql.insert(table).values(part).on_duplicate_key_update({key.name: key}))
