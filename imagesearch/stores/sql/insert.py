"""Multi-row inserts in words of our own: SQLAlchemy takes 700 ms to compose one of 1,000 rows, ten times what the database does.

Its way around that sends SQLite a statement a row where ids are asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from sqlalchemy import Connection, CursorResult, Table

# SQLite allows 32,766 bound values a statement.
MAX_VALUES = 30_000
# MariaDB takes packets of 16 MiB unless told otherwise; a character has four bytes at most, and two where it is quoted.
MAX_CHARACTERS = 3 * 2**20

Values = tuple[Any, ...]


def insert_missing(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert the rows whose unique keys are free, in one multi-row statement a chunk; the others are left as they are.

    MySQL's INSERT IGNORE is not used: it would also cut long values and swallow other faults.
    """
    if not rows:
        return
    key = connection.dialect.identifier_preparer.quote(next(iter(table.primary_key)).name)
    tail = " ON CONFLICT DO NOTHING" if connection.dialect.name == "sqlite" else f" ON DUPLICATE KEY UPDATE {key} = {key}"
    bound = _bound(connection, table, rows)
    for chunk in bound.chunks():
        _insert(connection, table, bound, chunk, tail)


def insert_all(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> list[int]:
    """Insert the rows, in one multi-row statement a chunk, and return their new ids in order."""
    ids: list[int] = []
    if not rows:
        return ids
    step = 1
    if connection.dialect.name != "sqlite":
        step = connection.exec_driver_sql("SELECT @@auto_increment_increment").scalar_one()
    bound = _bound(connection, table, rows)
    for chunk in bound.chunks():
        given = _insert(connection, table, bound, chunk).lastrowid
        # InnoDB gives the rows of one statement consecutive ids, whatever its lock mode is, and tells the first; SQLite, whose
        # writers are alone, tells the last.
        first = given - len(chunk) + 1 if connection.dialect.name == "sqlite" else given
        ids += range(first, first + step * len(chunk), step)
    return ids


@dataclass(frozen=True, slots=True)
class Bound:
    """Rows as the driver takes them: what all of them share, and what each has of its own, by column.

    Most columns of a batch hold one value. It is bound once: of 8,000 values of a batch of adds 2,006 are left.
    """

    shared: dict[str, Any]
    own: dict[str, list[Any]]

    def chunks(self) -> Iterator[list[Values]]:
        """Cut the rows, by what they have of their own, so that each statement is one that the database takes."""
        rows = list(zip(*self.own.values(), strict=True))
        sizes = [_characters(column) for column in self.own.values()]
        # Where they are written out they are so in each row.
        least = sum(_characters(list(self.shared.values())))
        most_rows = (MAX_VALUES - len(self.shared)) // len(self.own)
        if len(rows) <= most_rows and least * len(rows) + sum(map(sum, sizes)) <= MAX_CHARACTERS:
            yield rows
            return
        chunk: list[Values] = []
        room = MAX_CHARACTERS
        for row, size in zip(rows, map(sum, zip(*sizes, strict=True)), strict=True):
            if chunk and (least + size > room or len(chunk) == most_rows):
                yield chunk
                chunk, room = [], MAX_CHARACTERS
            chunk.append(row)
            room -= least + size
        yield chunk


def _bound(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> Bound:
    dialect = connection.dialect
    shared: dict[str, Any] = {}
    own: dict[str, list[Any]] = {}
    for name, first in rows[0].items():
        process = table.c[name].type.dialect_impl(dialect).bind_processor(dialect)
        column = [row[name] for row in rows]
        if len(rows) > 1 and all(value is first for value in column):
            shared[name] = first if process is None else process(first)
        else:
            own[name] = column if process is None else [process(value) for value in column]
    if not own:
        name, value = shared.popitem()
        own[name] = [value] * len(rows)
    return Bound(shared, own)


def _insert(connection: Connection, table: Table, bound: Bound, rows: Sequence[Values], tail: str = "") -> CursorResult[Any]:
    quote = connection.dialect.identifier_preparer.quote
    columns = ", ".join(map(quote, [*bound.shared, *bound.own]))
    values = chain.from_iterable(rows)
    parameters: Any
    if connection.dialect.paramstyle == "qmark":
        # A mark without a number has the next one after the highest before it.
        marks = [*(f"?{number}" for number in range(1, len(bound.shared) + 1)), *["?"] * len(bound.own)]
        written = ", ".join([f"({', '.join(marks)})"] * len(rows))
        parameters = (*bound.shared.values(), *values)
    else:
        shared = "".join(f"%(s{number})s, " for number in range(len(bound.shared)))
        own = [f"%(o{number})s" for number in range(len(rows) * len(bound.own))]
        width = len(bound.own)
        written = ", ".join(f"({shared}{', '.join(own[start : start + width])})" for start in range(0, len(own), width))
        parameters = {f"s{number}": value for number, value in enumerate(bound.shared.values())}
        parameters |= {f"o{number}": value for number, value in enumerate(values)}
    # Table and columns are the code's own; every value is bound.
    statement = f"INSERT INTO {quote(table.name)} ({columns}) VALUES {written}{tail}"  # noqa: S608
    return connection.exec_driver_sql(statement, parameters)


def _characters(column: list[Any]) -> list[int]:
    return [len(value) if type(value) is str else 0 for value in column]
