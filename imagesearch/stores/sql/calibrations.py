"""How much of the true answer searches of an index find, by how far they look, as it was last measured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, delete, insert, select

from imagesearch.stores.sql.database import Database
from imagesearch.stores.sql.tables import index_calibration as calibration
from imagesearch.types import Calibrated


class Calibrations:
    """The table of measurements, one set for each collection and kind of index."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def replace(self, collection: str, index_kind: str, measured: Sequence[Calibrated]) -> None:
        """Put these in the place of what was measured before."""
        with self._database.write() as connection:
            ours = (calibration.c.collection == collection) & (calibration.c.index_kind == index_kind)
            connection.execute(delete(calibration).where(ours))
            if measured:
                connection.execute(insert(calibration), [_values(collection, index_kind, one) for one in measured])

    def of(self, collection: str, index_kind: str) -> list[Calibrated]:
        """Return what was measured, the least effort first; nothing where it never was."""
        query = select(calibration).where(calibration.c.collection == collection, calibration.c.index_kind == index_kind)
        with self._database.read() as connection:
            return [_calibrated(row) for row in connection.execute(query.order_by(calibration.c.effort))]


def _values(collection: str, index_kind: str, one: Calibrated) -> dict[str, Any]:
    return {
        "collection": collection,
        "index_kind": index_kind,
        "effort": one.effort,
        "recall": one.recall,
        "top_k": one.top_k,
        "queries": one.queries,
        "vectors": one.vectors,
        "create_time": one.create_time,
    }


def _calibrated(row: Row[Any]) -> Calibrated:
    return Calibrated(row.effort, row.recall, row.top_k, row.queries, row.vectors, row.create_time)
