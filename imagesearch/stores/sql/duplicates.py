"""Searches for duplicates: how far each is, and the pairs that it found, so that one which was broken off goes on."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update

from imagesearch.errors import InputError
from imagesearch.pairs import DuplicateSearch, Pair
from imagesearch.stores.sql.database import Database, repeat_when_busy
from imagesearch.stores.sql.insert import insert_missing
from imagesearch.stores.sql.tables import duplicate_pair as table
from imagesearch.stores.sql.tables import duplicate_search as search

# Pairs of one statement that reads or deletes, and ids of one IN list.
PAGE = 10_000
CHUNK = 1000


class Duplicates:
    """The table of searches, one for each namespace and model, and that of their pairs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, namespace: str, collection: str, how: str) -> DuplicateSearch:
        """Return the search that is not through yet, or begin one in the place of what was found before.

        `how`, 64 characters at most, is what it goes by: one that goes by something else is not gone on with.
        """
        found = self._begun(namespace, collection, how)
        self._sweep()
        return found

    def last(self, namespace: str, collection: str) -> DuplicateSearch | None:
        """Return the search that is there, through or not."""
        with self._database.read() as connection:
            row = connection.execute(_ours(namespace, collection)).first()
        return None if row is None else _search(row)

    @repeat_when_busy
    def keep(self, before: DuplicateSearch, upto: int, looked: int, unread: int, pairs: Sequence[Pair]) -> DuplicateSearch:
        """Keep what was found up to an id, and that it was looked for; return the search as it is then.

        Raises InputError where the search is not as it was `before`: another process goes on with it, or began anew.
        """
        values = {"position": upto, "looked": before.looked + looked, "unread": before.unread + unread}
        with self._database.write() as connection:
            same = (search.c.id == before.search_id) & (search.c.position == before.position) & search.c.end_time.is_(None)
            if connection.execute(update(search).where(same).values(values)).rowcount != 1:
                raise InputError("another process looks for duplicates in the same namespace; one at a time")
            insert_missing(connection, table, [_values(before.search_id, one) for one in pairs])
            return _search(connection.execute(select(search).where(search.c.id == before.search_id)).one())

    @repeat_when_busy
    def add(self, search_id: int, pairs: Sequence[Pair]) -> None:
        """Keep pairs that were held against each other later; those that are there stay as they are."""
        with self._database.write() as connection:
            insert_missing(connection, table, [_values(search_id, one) for one in pairs])

    @repeat_when_busy
    def finish(self, search_id: int) -> None:
        """Note that all pictures were looked at."""
        with self._database.write() as connection:
            connection.execute(update(search).where(search.c.id == search_id).values(end_time=datetime.now(UTC)))

    def pairs(self, search_id: int, least: float) -> Iterator[list[Pair]]:
        """Yield the pairs that are copies with this probability at least, page by page."""
        after = (-1, -1)
        while True:
            later = (table.c.one > after[0]) | ((table.c.one == after[0]) & (table.c.other > after[1]))
            query = select(table).where(table.c.search_id == search_id, table.c.one >= after[0], later)
            with self._database.read() as connection:
                rows = connection.execute(query.order_by(table.c.one, table.c.other).limit(PAGE)).all()
            yield [_pair(row) for row in rows if row.copy >= least]
            if len(rows) < PAGE:
                return
            after = rows[-1].one, rows[-1].other

    def among(self, search_id: int, ids: Collection[int]) -> list[Pair]:
        """Return all pairs both of whose pictures are among these."""
        ordered, known = sorted(ids), set(ids)
        pairs: list[Pair] = []
        with self._database.read() as connection:
            for start in range(0, len(ordered), CHUNK):
                part = ordered[start : start + CHUNK]
                rows = connection.execute(select(table).where(table.c.search_id == search_id, table.c.one.in_(part)))
                pairs += [_pair(row) for row in rows if row.other in known]
        return pairs

    @repeat_when_busy
    def _begun(self, namespace: str, collection: str, how: str) -> DuplicateSearch:
        with self._database.write() as connection:
            row = connection.execute(_ours(namespace, collection).with_for_update()).first()
            if row is not None and row.end_time is None and row.how == how:
                return _search(row)
            if row is not None:
                connection.execute(delete(search).where(search.c.id == row.id))
            values = {"namespace": namespace, "collection": collection, "how": how, "position": -1, "looked": 0, "unread": 0}
            given = connection.execute(insert(search).values(**values, create_time=datetime.now(UTC))).lastrowid
            return _search(connection.execute(select(search).where(search.c.id == given)).one())

    def _sweep(self) -> None:
        """Delete the pairs of searches that are gone, in transactions of bounded size."""
        at = -1
        while True:
            with self._database.read() as connection:
                found = connection.scalar(select(func.min(table.c.search_id)).where(table.c.search_id > at))
                if found is None:
                    return
                at = int(found)
                # Pairs come after their search: whose is not there by now is gone.
                there = connection.scalar(select(search.c.id).where(search.c.id == at)) is not None
            while not there and self._swept(at):
                pass

    @repeat_when_busy
    def _swept(self, search_id: int) -> bool:
        ours = table.c.search_id == search_id
        with self._database.write() as connection:
            upto = connection.scalar(select(table.c.one).where(ours).order_by(table.c.one).offset(PAGE).limit(1))
            connection.execute(delete(table).where(ours if upto is None else ours & (table.c.one <= upto)))
            return upto is not None


def _ours(namespace: str, collection: str) -> Any:
    return select(search).where(search.c.namespace == namespace, search.c.collection == collection)


def _values(search_id: int, one: Pair) -> dict[str, Any]:
    return {"search_id": search_id, "one": one.one, "other": one.other, "kind": one.kind, "copy": one.copy}


def _pair(row: Row[Any]) -> Pair:
    return Pair(row.one, row.other, row.kind, row.copy)


def _search(row: Row[Any]) -> DuplicateSearch:
    return DuplicateSearch(row.id, row.position, row.looked, row.unread, row.create_time, row.end_time)
