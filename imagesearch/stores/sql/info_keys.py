"""Which keys of `info` a namespace has to filter by, out of the index of attributes: some look-ups a key, however many pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import Select, func, literal, select, union_all

from imagesearch.filters import MAX_TEXT_BYTES
from imagesearch.stores.sql.database import Database
from imagesearch.stores.sql.tables import image_attribute as attribute
from imagesearch.types import InfoKey

# More keys than people choose from, and more values than they would look through.
MAX_KEYS = 64
MAX_VALUES = 20
# The first byte of a value tells its type; the next byte ends the range of them all.
KINDS = {"boolean": b"b", "number": b"n", "text": b"s"}
# What follows bytes in their order, with nothing in between: these, and this byte.
NEXT = b"\x00"


class LookUp(NamedTuple):
    """For the least name from `start` on, or where a name is given, for its least value of a kind."""

    start: bytes
    name: bytes | None = None
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen of a key so far."""

    kinds: list[str] = field(default_factory=list)
    texts: list[bytes] = field(default_factory=list)

    def values(self) -> tuple[str, ...]:
        """Return the texts; none where there are more than people look through, or where one was cut and could not be asked for."""
        if len(self.texts) > MAX_VALUES or any(len(text) > MAX_TEXT_BYTES + 1 for text in self.texts):
            return ()
        return tuple(text[1:].decode(errors="replace") for text in self.texts)


class InfoKeys:
    """Reads the keys. Each look-up goes to the next entry of the index that differs; those of all keys are one statement.

    DISTINCT and recursive queries read a key's rows one and all on MariaDB, which looks up only the least beyond a constant.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, namespace: str) -> list[InfoKey]:
        """Return the first 64 keys by name, each with the kinds of its values, and its texts where they are 20 at most.

        Asks as many statements as there are keys and texts of one of them, 86 at most.
        """
        seen: dict[bytes, Seen] = {}
        waiting = [LookUp(NEXT)]
        while waiting:
            found = zip(waiting, self._least(namespace, waiting), strict=True)
            waiting = [further for one, least in found if least is not None for further in _note(seen, one, least)]
        return [InfoKey(name.decode(errors="replace"), tuple(key.kinds), key.values()) for name, key in seen.items()]

    def _least(self, namespace: str, look_ups: Sequence[LookUp]) -> list[bytes | None]:
        with self._database.read() as connection:
            rows = connection.execute(union_all(*(_statement(namespace, place, one) for place, one in enumerate(look_ups)))).all()
        return [None if row.least is None else bytes(row.least) for row in sorted(rows, key=lambda row: row.place)]


def _statement(namespace: str, place: int, one: LookUp) -> Select[int, Any]:
    column = attribute.c.name if one.name is None else attribute.c.value
    least = select(literal(place).label("place"), func.min(column).label("least"))
    least = least.where(attribute.c.namespace == namespace, column >= one.start)
    if one.name is None:
        return least
    (first,) = KINDS[one.kind]
    return least.where(attribute.c.name == one.name, column < bytes([first + 1]))


def _note(seen: dict[bytes, Seen], one: LookUp, least: bytes) -> list[LookUp]:
    """Note what was found, and return what there is to look for beyond it."""
    if one.name is None:
        seen[least] = Seen()
        further = [LookUp(least + NEXT)] if len(seen) < MAX_KEYS else []
        return further + [LookUp(first, least, kind) for kind, first in KINDS.items()]
    key = seen[one.name]
    if one.kind not in key.kinds:
        key.kinds.append(one.kind)
    if one.kind != "text":
        return []
    # The empty text is none that people choose.
    if least != KINDS["text"]:
        key.texts.append(least)
    many = len(key.texts) > MAX_VALUES or len(least) > MAX_TEXT_BYTES + 1
    return [] if many else [one._replace(start=least + NEXT)]
