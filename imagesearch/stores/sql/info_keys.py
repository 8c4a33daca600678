"""Which keys of `info` a namespace has to filter by, out of the index of attributes: some look-ups a key, however many pictures."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import ColumnElement, func, select

from imagesearch.filters import MAX_TEXT_BYTES
from imagesearch.stores.sql.database import Database
from imagesearch.stores.sql.tables import image_attribute as attribute
from imagesearch.types import InfoKey

# More keys than people choose from, and more values than they would look through.
MAX_KEYS = 64
MAX_VALUES = 20
# The first byte of a value tells its type; the next byte ends the range of them all.
KINDS = {"boolean": b"b", "number": b"n", "text": b"s"}


class InfoKeys:
    """Reads the keys; each step goes to the next greater entry of the index."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, namespace: str) -> list[InfoKey]:
        """Return the first 64 keys by name, each with the kinds of its values, and its texts where they are 20 at most."""
        return [self._key(namespace, name) for name in self._names(namespace)]

    def _names(self, namespace: str) -> Iterator[bytes]:
        after = b""
        for _ in range(MAX_KEYS):
            name = self._least(attribute.c.name, attribute.c.namespace == namespace, attribute.c.name > after)
            if name is None:
                return
            yield name
            after = name

    def _key(self, namespace: str, name: bytes) -> InfoKey:
        here = (attribute.c.namespace == namespace, attribute.c.name == name)
        value = attribute.c.value
        kinds = [
            kind for kind, first in KINDS.items() if self._least(value, *here, value >= first, value < _end(first)) is not None
        ]
        values: list[str] = []
        after = KINDS["text"]
        while "text" in kinds and len(values) <= MAX_VALUES:
            text = self._least(value, *here, value > after, value < _end(KINDS["text"]))
            if text is None:
                break
            after = text
            # One that was cut could not be asked for.
            if len(text) > MAX_TEXT_BYTES + 1:
                values.clear()
                break
            values.append(text[1:].decode(errors="replace"))
        return InfoKey(name.decode(errors="replace"), tuple(kinds), tuple(values) if len(values) <= MAX_VALUES else ())

    def _least(self, column: ColumnElement[bytes], *conditions: ColumnElement[bool]) -> bytes | None:
        with self._database.read() as connection:
            least = connection.scalar(select(func.min(column)).where(*conditions))
        return None if least is None else bytes(least)


def _end(first: bytes) -> bytes:
    return bytes([first[0] + 1])
