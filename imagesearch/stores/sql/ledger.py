"""The add-log and the pictures as the loader writes them: intern, commit a batch, reopen."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Table, case, delete, select, update

from imagesearch.stores.sql.attributes import Said, forget_attributes, keep_attributes
from imagesearch.stores.sql.database import Database, repeat_when_busy
from imagesearch.stores.sql.held import held_rows
from imagesearch.stores.sql.insert import insert_missing
from imagesearch.stores.sql.pause import pause
from imagesearch.stores.sql.still import still
from imagesearch.stores.sql.tables import image_add_log as log
from imagesearch.stores.sql.tables import image_info as info
from imagesearch.stores.sql.tables import image_source as source
from imagesearch.stores.sql.verdicts import Fault, Found, Interned, Tally
from imagesearch.types import LogState, PictureFacts, PictureState

# Rows of one IN list or CASE; SQLite allows 32,766 bound values a statement.
CHUNK = 1000


class Ledger:
    """The loader's side of the truth. Every method can be repeated with the same effect. `filter_keys` as in the settings."""

    def __init__(self, database: Database, filter_keys: Collection[str] = ()) -> None:
        self._database = database
        self._filter_keys = filter_keys

    @repeat_when_busy
    def intern(self, pictures: Collection[tuple[str, PictureFacts]]) -> dict[tuple[str, str], Interned]:
        """Give each (namespace, content_hash) its one milvus_id, the same for every loader and every repetition."""
        now = datetime.now(UTC)
        facts = {(namespace, picture.content_hash): picture for namespace, picture in pictures}
        with self._database.write() as connection:
            # In key order, so that two loaders take their locks in the same order.
            insert_missing(connection, info, [_info_values(key[0], facts[key], now) for key in sorted(facts)])
            known: dict[tuple[str, str], Interned] = {}
            for namespace in sorted({key[0] for key in facts}):
                for part in _chunks(sorted(key[1] for key in facts if key[0] == namespace)):
                    rows = connection.execute(
                        select(info.c.milvus_id, info.c.content_hash, info.c.state, info.c.create_time).where(
                            info.c.namespace == namespace, info.c.content_hash.in_(part)
                        )
                    )
                    known |= {
                        (namespace, row.content_hash): Interned(row.milvus_id, PictureState(row.state), row.create_time)
                        for row in rows
                    }
            # A deleted picture that is added again is on its way back: the audit must not take its new vector for a leftover, and
            # its new time tells loaders that brought a vector before the deletion.
            gone = {key: replace(one, create_time=now) for key, one in known.items() if one.state is PictureState.DELETED}
            for part in _chunks(sorted(one.milvus_id for one in gone.values())):
                connection.execute(
                    update(info)
                    .where(info.c.milvus_id.in_(part), info.c.state == PictureState.DELETED)
                    .values(state=PictureState.LOADING, create_time=now)
                )
        return known | gone

    @repeat_when_busy
    def commit(self, found: Sequence[Found], faults: Sequence[Fault], max_attempts: int, backoff_s: float = 0.0) -> Tally:
        """In one transaction: pictures searchable, sources added, rows final; rows that are no longer pending are left alone.

        Faults that may pass count an attempt and stay pending until `max_attempts`, each time for a pause that grows from
        `backoff_s`. The vectors of `embedded` rows must be in the index before this is called.
        """
        now = datetime.now(UTC)
        with self._database.write() as connection:
            live = _pending_ids(connection, [one.row.log_id for one in found] + [one.row.log_id for one in faults])
            here = [one for one in found if one.row.log_id in live]
            final = _judge(here, _pictures(connection, {one.milvus_id for one in here}))
            for part in _chunks(sorted({one.milvus_id for one, state in final if state is LogState.LOADED})):
                connection.execute(update(info).where(info.c.milvus_id.in_(part)).values(state=PictureState.SEARCHABLE))
            insert_missing(connection, source, [_source_values(one, now) for one, _ in final])
            keep_attributes(connection, [_said(one) for one, _ in final], self._filter_keys)
            changes = {
                one.row.log_id: {
                    "state": state,
                    "milvus_id": one.milvus_id,
                    "load_time": now,
                    "error_code": None,
                    "error_detail": None,
                    "retry_time": None,
                }
                for one, state in final
            }
            _update_rows(connection, log, changes)
            fates = {one.row.log_id: _fate(one, max_attempts, now, backoff_s) for one in faults if one.row.log_id in live}
            _update_rows(connection, log, fates)
        failed = sum(fate["state"] is LogState.FAILED for fate in fates.values())
        loaded = sum(state is LogState.LOADED for _, state in final)
        return Tally(loaded, len(final) - loaded, failed, len(fates) - failed + len(here) - len(final))

    @repeat_when_busy
    def reopen(self, milvus_id: int) -> int:
        """Make a picture's add requests pending again, so that it is embedded anew; return how many.

        The picture leaves the answers until then. Its sources come back with the requests: their bytes may have changed. The
        requests keep its id, which tells that they were loaded once. Those of a paused or cancelled import are its no more: what it
        loaded stays loaded, and must not wait for it.
        """
        with self._database.write() as connection:
            connection.execute(
                update(info)
                .where(info.c.milvus_id == milvus_id, info.c.state == PictureState.SEARCHABLE)
                .values(state=PictureState.LOADING)
            )
            requests = connection.scalars(select(source.c.log_id).where(source.c.milvus_id == milvus_id)).all()
            connection.execute(delete(source).where(source.c.milvus_id == milvus_id))
            forget_attributes(connection, milvus_id)
            for part in _chunks(sorted(requests)):
                connection.execute(update(log).where(log.c.id.in_(held_rows(connection, part))).values(import_id=None))
                connection.execute(
                    update(log)
                    .where(log.c.id.in_(part))
                    .values(
                        state=LogState.PENDING,
                        attempts=0,
                        load_time=None,
                        retry_time=None,
                        error_code=None,
                        error_detail=None,
                    )
                )
        return len(requests)


def _judge(found: Sequence[Found], pictures: dict[int, Interned]) -> list[tuple[Found, LogState]]:
    """Say for each row whether it made its picture searchable (loaded) or met it searchable (duplicate).

    A row that counted on a vector which a deletion took meanwhile, be it its own, is neither: it stays pending and is embedded
    next time.
    """
    searchable = {one.milvus_id for one in pictures.values() if one.state is PictureState.SEARCHABLE}
    # Rows that bring a vector first, so that their copies in the same batch are duplicates of them.
    final: list[tuple[Found, LogState]] = []
    for one in sorted(found, key=lambda f: (not f.embedded, f.row.log_id)):
        if one.milvus_id in searchable:
            final.append((one, LogState.DUPLICATE))
        elif one.embedded and _still_there(pictures.get(one.milvus_id), one):
            searchable.add(one.milvus_id)
            final.append((one, LogState.LOADED))
    return final


def _still_there(picture: Interned | None, one: Found) -> bool:
    """Say whether the picture was deleted since the row's vector was made for it, even if others have brought it back."""
    if picture is None or picture.state is PictureState.DELETED:
        return False
    return one.create_time is None or one.create_time == int(picture.create_time.timestamp())


def _fate(fault: Fault, max_attempts: int, now: datetime, backoff_s: float) -> dict[str, Any]:
    attempts = fault.row.attempts + 1
    final = not fault.error.retriable or attempts >= max_attempts
    return {
        "retry_time": None if final else now + pause(fault.row.attempts, backoff_s),
        "state": LogState.FAILED if final else LogState.PENDING,
        "attempts": attempts,
        "error_code": fault.error.code,
        "error_detail": fault.error.detail[:4000],
    }


def _pending_ids(connection: Connection, log_ids: Sequence[int]) -> set[int]:
    live: set[int] = set()
    for part in _chunks(sorted(log_ids)):
        query = select(log.c.id).where(log.c.id.in_(part), still(LogState.PENDING)).order_by(log.c.id)
        live |= set(connection.scalars(query.with_for_update()))
    return live


def _pictures(connection: Connection, ids: Collection[int]) -> dict[int, Interned]:
    pictures: dict[int, Interned] = {}
    for part in _chunks(sorted(ids)):
        query = select(info.c.milvus_id, info.c.state, info.c.create_time).where(info.c.milvus_id.in_(part))
        for row in connection.execute(query.order_by(info.c.milvus_id).with_for_update()):
            pictures[row.milvus_id] = Interned(row.milvus_id, PictureState(row.state), row.create_time)
    return pictures


def _update_rows(connection: Connection, table: Table, changes: dict[int, dict[str, Any]]) -> None:
    """Set each row's own values in one statement a chunk: the drivers would send one a row."""
    key = next(iter(table.primary_key))
    for part in _chunks(sorted(changes)):
        columns = {
            name: case({one: changes[one][name] for one in part}, value=key, else_=table.c[name]) for name in changes[part[0]]
        }
        connection.execute(update(table).where(key.in_(part)).values(columns))


def _info_values(namespace: str, facts: PictureFacts, now: datetime) -> dict[str, Any]:
    return {
        "namespace": namespace,
        "content_hash": facts.content_hash,
        "width": facts.width,
        "height": facts.height,
        "format": facts.format,
        "byte_size": facts.byte_size,
        "perceptual_hash": facts.perceptual_hash,
        "state": PictureState.LOADING,
        "create_time": now,
    }


def _source_values(one: Found, now: datetime) -> dict[str, Any]:
    row = one.row
    return {
        "milvus_id": one.milvus_id,
        "image_path": row.image_path,
        "info": dict(row.info),
        "log_id": row.log_id,
        "create_time": row.create_time,
    }


def _said(one: Found) -> Said:
    return Said(one.milvus_id, one.row.namespace, one.row.log_id, one.row.info)


def _chunks(values: Sequence[Any]) -> list[Sequence[Any]]:
    return [values[start : start + CHUNK] for start in range(0, len(values), CHUNK)]
