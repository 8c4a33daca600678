"""The lines of a CSV, record by record, some of which are read again: a stray quote takes no others along."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from imagesearch.imports.text_lines import MAX_LINE_BYTES, TextLines

# What is read again is at most this many times what was read: a stranger's file could have each of its lines read a thousand times.
AGAIN = 8


@dataclass(frozen=True, slots=True)
class CsvLine:
    """One line with its number. `too_long`: it was over 1 MiB, and is empty."""

    number: int
    text: str
    too_long: bool


class CsvLines(Iterator[str]):
    """Lines for a csv.reader, which takes several for a record whose quoted values have line breaks.

    `unclosed` tells that the file ended within a quoted value. A record over 1 MiB raises csv.Error, as one that is none does.
    """

    def __init__(self, lines: TextLines) -> None:
        self._lines = lines
        self._record: list[CsvLine] = []
        self._room = MAX_LINE_BYTES
        self._waiting: deque[CsvLine] = deque()
        self._again = 0
        self.unclosed = False

    def begin(self) -> None:
        """Begin with the next record."""
        self._record.clear()
        self._room = MAX_LINE_BYTES
        self.unclosed = False

    def __next__(self) -> str:
        """Return the next line."""
        line = self._waiting.popleft() if self._waiting else self._read()
        self._record.append(line)
        self._room -= len(line.text)
        if self._room < 0:
            raise csv.Error("longer than 1 MiB")
        return line.text

    @property
    def first(self) -> int:
        """The number of the record's first line."""
        return self._record[0].number

    @property
    def last(self) -> int:
        """The number of the record's last line."""
        return self._record[-1].number

    @property
    def too_long(self) -> bool:
        """Whether a line of the record was over 1 MiB."""
        return any(line.too_long for line in self._record)

    def back(self) -> int:
        """Have the record's lines be read again, all but the first; return how many are not, because that was done too often."""
        behind = self._record[1:]
        size = sum(len(line.text) for line in behind)
        if self._again + size > AGAIN * self._lines.consumed:
            return len(behind)
        self._again += size
        self._waiting.extendleft(reversed(behind))
        return 0

    def _read(self) -> CsvLine:
        try:
            text = next(self._lines)
        except StopIteration:
            self.unclosed = bool(self._record)
            raise
        too_long, self._lines.too_long = self._lines.too_long, False
        return CsvLine(self._lines.number, text, too_long)
