"""What people change about a picture that is loaded: what is said of it, and whether it is there at all."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from sqlalchemy import Connection, Row, delete, select, update

from imagesearch.errors import InputError, UnknownImage
from imagesearch.info import check_info
from imagesearch.stores.sql.attributes import Said, forget_attributes, keep_attributes
from imagesearch.stores.sql.database import Database, repeat_when_busy
from imagesearch.stores.sql.tables import image_add_log as log
from imagesearch.stores.sql.tables import image_attribute as attribute
from imagesearch.stores.sql.tables import image_info as info
from imagesearch.stores.sql.tables import image_source as source
from imagesearch.types import PictureState


class Changes:
    """Changes pictures. Every method can be repeated with the same effect. `filter_keys` as in the settings."""

    def __init__(self, database: Database, filter_keys: Collection[str] = ()) -> None:
        self._database = database
        self._filter_keys = filter_keys

    @repeat_when_busy
    def patch_info(self, milvus_id: int, patch: Mapping[str, Any], log_id: int | None = None) -> None:
        """Merge the patch into the `info` of one source, the oldest where none is named; null removes a key (RFC 7396).

        The add request keeps the outcome too: a picture that is loaded anew says the same. Raises UnknownImage, also for a
        source that is not one of this picture, and InputError where the outcome is too large.
        """
        with self._database.write() as connection:
            picture = _locked(connection, milvus_id)
            query = select(source.c.log_id, source.c.info).where(source.c.milvus_id == milvus_id)
            if log_id is not None:
                query = query.where(source.c.log_id == log_id)
            row = connection.execute(query.order_by(source.c.log_id).limit(1)).first()
            if picture is None or picture.state != PictureState.SEARCHABLE or row is None:
                raise UnknownImage(f"no searchable picture has the milvus_id {milvus_id} and such a source")
            merged = _merged(row.info, patch)
            try:
                check_info(merged)
            except ValueError as exc:
                raise InputError(f"info: {exc}", errors=[{"field": "info", "message": str(exc)}]) from exc
            connection.execute(update(source).where(source.c.log_id == row.log_id).values(info=merged))
            connection.execute(update(log).where(log.c.id == row.log_id).values(changed_info=merged))
            ours = (attribute.c.milvus_id == milvus_id) & (attribute.c.log_id == row.log_id)
            connection.execute(delete(attribute).where(ours))
            keep_attributes(connection, [Said(milvus_id, picture.namespace, row.log_id, merged)], self._filter_keys)

    @repeat_when_busy
    def delete(self, milvus_id: int) -> None:
        """Take a picture out of every answer. Its vector is still there: see `purge`. Raises UnknownImage where none ever was."""
        with self._database.write() as connection:
            picture = _locked(connection, milvus_id)
            if picture is None or picture.state == PictureState.LOADING:
                raise UnknownImage(f"no searchable picture has the milvus_id {milvus_id}")
            connection.execute(update(info).where(info.c.milvus_id == milvus_id).values(state=PictureState.DELETED))
            connection.execute(delete(source).where(source.c.milvus_id == milvus_id))
            forget_attributes(connection, milvus_id)

    @repeat_when_busy
    def give_up(self, milvus_id: int) -> bool:
        """Make a picture that is loading a deleted one; say whether it was loading. Its vector is still there: see `purge`.

        A loader that has it in hand after all finds it deleted, and embeds it anew.
        """
        loading = (info.c.milvus_id == milvus_id) & (info.c.state == PictureState.LOADING)
        with self._database.write() as connection:
            return bool(connection.execute(update(info).where(loading).values(state=PictureState.DELETED)).rowcount)

    @repeat_when_busy
    def purge(self, milvus_id: int, remove: Callable[[Collection[int]], None]) -> bool:
        """Have the vector of a deleted picture removed by `remove`, unless the picture came back meanwhile; say whether it was.

        The row is locked while `remove` runs: a loader that brings the picture back waits, and writes its vector afterwards.
        """
        with self._database.write() as connection:
            picture = _locked(connection, milvus_id)
            if picture is not None and picture.state != PictureState.DELETED:
                return False
            remove([milvus_id])
            return True


def _locked(connection: Connection, milvus_id: int) -> Row[Any, Any] | None:
    """Lock the picture and return its namespace and state; None where there is none."""
    query = select(info.c.namespace, info.c.state).where(info.c.milvus_id == milvus_id)
    return connection.execute(query.with_for_update()).first()


def _merged(target: Any, patch: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(target) if isinstance(target, Mapping) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, Mapping):
            merged[key] = _merged(merged.get(key), value)
        else:
            merged[key] = value
    return merged
