"""Brings a database to the schema that the code expects, by Alembic, and fills what a migration of many rows must fill."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import event

from config.sections import SqlSettings
from imagesearch.errors import StoreError
from imagesearch.stores.sql.attributes import refill_attributes
from imagesearch.stores.sql.database import Database

SCRIPTS = Path(__file__).parent / "migrations"

# A database stays at this revision until its attributes are filled, however often that is broken off.
UNFILLED = "0004"


def migrate(settings: SqlSettings, filter_keys: Collection[str] = ()) -> None:
    """Apply every migration that is missing; on a database that is up to date this does nothing.

    Raises StoreUnavailable, StoreBusy, StoreError.
    """
    database = Database(settings)
    if database.engine.dialect.name == "sqlite":
        # It alters a table by making it anew and dropping the old one, which rows of other tables refer to meanwhile.
        event.listen(database.engine, "connect", lambda connection, _: connection.execute("PRAGMA foreign_keys=OFF"))
    try:
        if _upgrade(database, UNFILLED) == UNFILLED:
            refill_attributes(database, filter_keys)
        _upgrade(database, "head")
    finally:
        database.close()


def _upgrade(database: Database, revision: str) -> str | None:
    """Bring the database to this revision, unless it is beyond it, and return the one that it is at."""
    with database.write() as connection:
        config = Config()
        config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        if connection.dialect.name == "sqlite" and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
            raise StoreError("the migration would leave rows that refer to nothing; the database is as it was", store="sql")
        return MigrationContext.configure(connection).get_current_revision()
