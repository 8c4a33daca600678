"""Which pictures a filter matches: from the compiled filter to statements of bounded work, every value bound."""

from __future__ import annotations

import operator
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, and_, bindparam, literal, select

from imagesearch.errors import InputError
from imagesearch.filters import ORDERED, Condition, Filter, Operator, utf8
from imagesearch.stores.sql.attributes import sort_key
from imagesearch.stores.sql.database import Database
from imagesearch.stores.sql.ends import id_ends
from imagesearch.stores.sql.tables import image_attribute as attribute
from imagesearch.stores.sql.tables import image_info as info
from imagesearch.types import PictureState

# Ids of one IN list; SQLite allows 32,766 bound values a statement.
CHUNK = 1000
# Ids that one statement of a walk looks at to begin with, and the seconds between which its work is kept.
WINDOW = 20_000
QUICK_S, SLOW_S = 0.05, 0.5

# What a search without a filter asks; put together once, which takes longer than SQLite does to answer.
SEARCHABLE = select(info.c.milvus_id, literal(True).label("matches")).where(
    info.c.milvus_id.in_(bindparam("ids", expanding=True)), info.c.state == PictureState.SEARCHABLE
)

COMPARISONS = {
    Operator.EQ: operator.eq,
    Operator.NE: operator.ne,
    Operator.GT: operator.gt,
    Operator.GTE: operator.ge,
    Operator.LT: operator.lt,
    Operator.LTE: operator.le,
}


@dataclass(frozen=True, slots=True)
class Confirmed:
    """Of the ids that were asked about: the pictures that are searchable, and those of them that match."""

    searchable: set[int]
    matching: set[int]


class Matches:
    """The pictures as filters see them; `keys` are those of `info` that are kept to filter by, empty: all."""

    def __init__(self, database: Database, keys: Collection[str] = ()) -> None:
        self._database = database
        self._keys = keys

    def check(self, wanted: Filter) -> None:
        """Raise InputError where the filter asks about a key that is not kept."""
        for key in wanted.keys:
            if self._keys and key not in self._keys:
                message = f"not among the keys that can be filtered by ({', '.join(self._keys)})"
                raise InputError(f"filter: {key}: {message}", errors=[{"field": f"filter.{key}", "message": message}])

    def confirm(self, ids: Collection[int], wanted: Filter) -> Confirmed:
        """Say which of the ids are searchable pictures and which of those match."""
        searchable: set[int] = set()
        matching: set[int] = set()
        ordered = sorted(ids)
        query = SEARCHABLE.with_only_columns(info.c.milvus_id, _matches(wanted).label("matches")) if wanted else SEARCHABLE
        with self._database.read() as connection:
            for start in range(0, len(ordered), CHUNK):
                for row in connection.execute(query, {"ids": ordered[start : start + CHUNK]}):
                    searchable.add(row.milvus_id)
                    if row.matches:
                        matching.add(row.milvus_id)
        return Confirmed(searchable, matching)

    def walk(self, namespace: str, wanted: Filter, page: int) -> Iterator[list[int]]:
        """Yield the namespace's searchable pictures that match, by milvus_id, in pages of up to `page` ids, some of them empty.

        Each page is one statement that looks at a range of ids. The range grows and shrinks with the time that it takes, so that
        a value that is rare among millions is found in a few of them, and none runs for long.
        """
        if wanted.created and not wanted.info:
            # The index of create_time tells at once of a few; more of them are walked like all others.
            few = self._ids(select(info.c.milvus_id).where(*_searchable(namespace, wanted)).limit(page + 1))
            if len(few) <= page:
                yield sorted(few)
                return
        with self._database.read() as connection:
            ends = id_ends(connection, *_searchable(namespace, Filter()))
        if ends is None:
            return
        first, last = ends
        after, width = first - 1, WINDOW
        while after < last:
            upto = min(after + width, last)
            started = perf_counter()
            ids = self._ids(_matching(namespace, wanted, after, upto).limit(page))
            seconds = perf_counter() - started
            if len(ids) == page:
                # The next page needs no wider range than this one did, or the database sorts for nothing.
                upto = ids[-1]
                width = max(2 * (upto - after), page)
            elif seconds > SLOW_S:
                width = max(width // 4, page)
            elif seconds < QUICK_S:
                width *= 4
            after = upto
            yield list(dict.fromkeys(ids))

    def _ids(self, query: Select[int]) -> list[int]:
        with self._database.read() as connection:
            return [row.milvus_id for row in connection.execute(query)]


def _searchable(namespace: str, wanted: Filter) -> list[ColumnElement[bool]]:
    return [info.c.namespace == namespace, info.c.state == PictureState.SEARCHABLE, *_created(wanted)]


def _matching(namespace: str, wanted: Filter, after: int, upto: int) -> Select[int]:
    """Select the ids in (after, upto] that match, by id; one comes once for each of its sources that does."""
    searchable = _searchable(namespace, wanted)
    if not wanted.info:
        ids = info.c.milvus_id
        return select(ids).where(*searchable, ids > after, ids <= upto).order_by(ids)
    said, conditions = _one_source(wanted)
    ids = said[0].c.milvus_id
    joined: FromClause = said[0]
    for other in said[1:]:
        joined = joined.join(other, and_(other.c.milvus_id == ids, other.c.log_id == said[0].c.log_id))
    here = [one.c.namespace == namespace for one in said]
    # Not joined: without statistics SQLite would begin with it, and read all that has the key anew for each picture.
    picture = select(literal(1)).where(info.c.milvus_id == ids, *searchable).correlate(*said).exists()
    return select(ids).select_from(joined).where(*here, *conditions, ids > after, ids <= upto, picture).order_by(ids)


def _matches(wanted: Filter) -> ColumnElement[bool]:
    """Say of a row of image_info whether it matches."""
    created = _created(wanted)
    if not wanted.info:
        return and_(*created)
    said, conditions = _one_source(wanted)
    same = [other.c.milvus_id == info.c.milvus_id for other in said]
    same += [other.c.log_id == said[0].c.log_id for other in said[1:]]
    exists = select(literal(1)).select_from(*said).where(*same, *conditions).correlate(info).exists()
    return and_(exists, *created)


def _one_source(wanted: Filter) -> tuple[Sequence[Any], list[ColumnElement[bool]]]:
    """Return an alias of the attributes for each key, and what must hold on it; the caller joins them on one source."""
    # Keys whose values are named first: SQLite, without statistics, takes the first of two that look alike, and these find fewer.
    named = [one.key for one in wanted.info if one.operator in (Operator.EQ, Operator.IN)]
    keys = list(dict.fromkeys([*named, *wanted.keys]))
    said = [attribute.alias(f"said_{place}") for place, _ in enumerate(keys)]
    by_key = dict(zip(keys, said, strict=True))
    conditions = [one.c.name == utf8(key) for key, one in by_key.items()]
    conditions += [_holds(by_key[condition.key].c.value, condition) for condition in wanted.info]
    return said, conditions


def _holds(column: ColumnElement[bytes], condition: Condition) -> ColumnElement[bool]:
    keys = [sort_key(value) for value in condition.values]
    holds = _compared(column, condition.operator, keys)
    if condition.operator in ORDERED:
        # Of one type only: the keys of the next one begin with a higher byte.
        return and_(holds, column >= keys[0][:1], column < bytes([keys[0][0] + 1]))
    return holds


def _created(wanted: Filter) -> list[ColumnElement[bool]]:
    return [_compared(info.c.create_time, condition.operator, condition.values) for condition in wanted.created]


def _compared(column: ColumnElement[Any], how: Operator, values: Sequence[Any]) -> ColumnElement[bool]:
    holds: ColumnElement[bool] = column.in_(values) if how is Operator.IN else COMPARISONS[how](column, values[0])
    return holds
