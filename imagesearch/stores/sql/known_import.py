"""Whether an import exists: who names one that does not gets an error, and not a job without work."""

from __future__ import annotations

from sqlalchemy import Connection, select

from imagesearch.errors import UnknownImport
from imagesearch.stores.sql.tables import image_import


def require_import(connection: Connection, import_id: int | None) -> None:
    """Raise UnknownImport unless there is such an import, or none is named."""
    if import_id is not None and connection.scalar(select(image_import.c.id).where(image_import.c.id == import_id)) is None:
        raise UnknownImport(f"there is no import {import_id}")
