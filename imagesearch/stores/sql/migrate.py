"""Brings a database to the schema that the code expects, by Alembic."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config

from config.sections import SqlSettings
from imagesearch.stores.sql.database import Database

SCRIPTS = Path(__file__).parent / "migrations"


def migrate(settings: SqlSettings) -> None:
    """Apply every migration that is missing; on a database that is up to date this does nothing.

    Raises StoreUnavailable, StoreBusy, StoreError.
    """
    database = Database(settings)
    try:
        with database.write() as connection:
            config = Config()
            config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    finally:
        database.close()
