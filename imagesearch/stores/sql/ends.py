"""The first and the last id of the pictures that meet a condition."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, func, select

from imagesearch.stores.sql.tables import image_info as info


def id_ends(connection: Connection, *conditions: ColumnElement[bool]) -> tuple[int, int] | None:
    """Return the least and the greatest milvus_id, None where there are none."""
    # One after the other: both databases find an end of an index at once, but not two ends in one statement.
    least = connection.scalar(select(func.min(info.c.milvus_id)).where(*conditions))
    greatest = connection.scalar(select(func.max(info.c.milvus_id)).where(*conditions))
    return None if least is None or greatest is None else (least, greatest)
