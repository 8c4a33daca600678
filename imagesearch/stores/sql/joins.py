"""The joins of evidence that were learned on a collection's own pictures, by version."""

from __future__ import annotations

from sqlalchemy import func, insert, select

from imagesearch.stores.sql.database import Database
from imagesearch.stores.sql.tables import learned_join
from imagesearch.types import LearnedJoin


class Joins:
    """The table of learned joins. The older versions of a collection stay: an answer names the one that judged it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, collection: str, join: LearnedJoin) -> int:
        """Keep a join under the collection's next version, which is returned. Raises StoreError where two are added at once."""
        with self._database.write() as connection:
            newest = select(func.max(learned_join.c.version)).where(learned_join.c.collection == collection)
            version = (connection.execute(newest).scalar() or 0) + 1
            row = {
                "collection": collection,
                "version": version,
                "document": join.document,
                "pictures": join.pictures,
                "loss": join.loss,
                "create_time": join.create_time,
            }
            connection.execute(insert(learned_join).values(row))
        return version

    def newest(self, collection: str) -> LearnedJoin | None:
        """Return the newest version; None where none was learned."""
        query = select(learned_join).where(learned_join.c.collection == collection).order_by(learned_join.c.version.desc())
        with self._database.read() as connection:
            row = connection.execute(query.limit(1)).first()
        return None if row is None else LearnedJoin(row.document, row.pictures, row.loss, row.create_time, row.version)
