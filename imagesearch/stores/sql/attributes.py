"""The values of `info` that can be filtered by, as rows: written with the sources that they are of, removed with them."""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, select

from imagesearch.filters import MAX_KEY_BYTES, MAX_TEXT_BYTES, Scalar, is_number, utf8
from imagesearch.stores.sql.database import Database, repeat_when_busy
from imagesearch.stores.sql.insert import insert_missing
from imagesearch.stores.sql.tables import image_attribute as attribute
from imagesearch.stores.sql.tables import image_info as info
from imagesearch.stores.sql.tables import image_source as source

# A source with thousands of keys must not make thousands of rows.
MAX_ATTRIBUTES = 64
# Sources of one transaction when all are written anew.
REFILL = 1000


class Said(NamedTuple):
    """What one source says of its picture."""

    milvus_id: int
    namespace: str
    log_id: int
    info: Mapping[str, Any]


def sort_key(value: Scalar) -> bytes:
    """Return bytes that are equal for equal values and ordered like them, on any database; the first one tells the type.

    Numbers are exact, integers of 64 bits too: the nearest double, and how far it is from the integer.
    """
    if isinstance(value, bool):
        return b"b1" if value else b"b0"
    if isinstance(value, str):
        # One byte more than a filter may name: no filter equals what was cut, and it stands on the same side of each as the whole.
        return b"s" + utf8(value)[: MAX_TEXT_BYTES + 1]
    nearest = float(value) + 0.0  # -0.0 becomes 0.0
    (bits,) = struct.unpack(">Q", struct.pack(">d", nearest))
    ordered = bits ^ (2**64 - 1 if bits >> 63 else 2**63)
    rest = value - int(nearest) if isinstance(value, int) else 0
    return b"n" + struct.pack(">QH", ordered, rest + 2**15)


def attributes(info: Mapping[str, Any], keys: Collection[str]) -> Iterator[tuple[bytes, bytes]]:
    """Yield (name, value) of the first 64 keys, by name, that hold a number, a text, true or false; empty `keys` are all keys."""
    left = MAX_ATTRIBUTES
    for key in sorted(info):
        value = info[key]
        if not isinstance(value, bool | int | float | str) or (keys and key not in keys):
            continue
        if isinstance(value, int | float) and not is_number(value):
            continue
        name = utf8(key)
        if len(name) <= MAX_KEY_BYTES and left:
            left -= 1
            yield name, sort_key(value)


def keep_attributes(connection: Connection, said: Iterable[Said], keys: Collection[str]) -> None:
    """Write the attributes of sources; those that are there are left as they are."""
    insert_missing(
        connection,
        attribute,
        [
            {"milvus_id": one.milvus_id, "log_id": one.log_id, "name": name, "namespace": one.namespace, "value": value}
            for one in said
            for name, value in attributes(one.info, keys)
        ],
    )


def forget_attributes(connection: Connection, milvus_id: int) -> None:
    """Remove the attributes of all sources of a picture."""
    connection.execute(delete(attribute).where(attribute.c.milvus_id == milvus_id))


def refill_attributes(database: Database, keys: Collection[str]) -> int:
    """Write the attributes of every source anew and return how many sources there are; can be repeated and broken off anywhere."""
    after = sources = 0
    while ids := _refill(database, keys, after):
        after = ids[-1]
        sources += len(ids)
    return sources


@repeat_when_busy
def _refill(database: Database, keys: Collection[str], after: int) -> list[int]:
    with database.write() as connection:
        # The lock keeps a repair from removing a source between our reading and our writing.
        rows = connection.execute(
            select(source.c.id, source.c.milvus_id, source.c.log_id, source.c.info, info.c.namespace)
            .join(info, info.c.milvus_id == source.c.milvus_id)
            .where(source.c.id > after)
            .order_by(source.c.id)
            .limit(REFILL)
            .with_for_update(read=True)
        ).all()
        pictures, requests = {row.milvus_id for row in rows}, [row.log_id for row in rows]
        connection.execute(delete(attribute).where(attribute.c.milvus_id.in_(pictures), attribute.c.log_id.in_(requests)))
        keep_attributes(connection, (Said(row.milvus_id, row.namespace, row.log_id, row.info) for row in rows), keys)
    return [row.id for row in rows]
