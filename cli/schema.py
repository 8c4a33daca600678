"""How far the SQL database's schema is."""

from __future__ import annotations

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from config.sections import SqlSettings
from imagesearch.errors import StoreUnavailable
from imagesearch.stores.sql.database import Database
from imagesearch.stores.sql.migrate import SCRIPTS


def schema_versions(settings: SqlSettings) -> tuple[str | None, str | None]:
    """Return the migration that the database is at (None before the first) and the newest one. Raises StoreUnavailable."""
    database = Database(settings)
    try:
        with database.read() as connection:
            current = MigrationContext.configure(connection).get_current_revision()
    finally:
        database.close()
    return current, ScriptDirectory(str(SCRIPTS)).get_current_head()


def require_schema(settings: SqlSettings) -> None:
    """Raise StoreUnavailable unless the database answers and has the newest schema: it says so at once, not after retries."""
    current, newest = schema_versions(settings)
    if current != newest:
        raise StoreUnavailable(
            f"the SQL database is at migration {current or 'none'}, the code at {newest}; run `imagesearch up`, "
            "or on a cluster `python -m jobs.migrate`",
            store="sql",
        )
