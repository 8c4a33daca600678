"""Gathers lines into batches, each one transaction of the add-log."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from time import monotonic

from imagesearch.imports.line import Line
from imagesearch.stores.sql.import_work import Batch, LineFault
from imagesearch.types import AddRequest, Cursor

# A slow source is recorded as often as people look.
BATCH_S = 1.0
# Lines that ask for nothing cost little: that many of them are one write.
MAX_LINES = 20_000


def batches(lines: Iterator[Line], cursor: Cursor, batch_rows: int, total: Callable[[int], int | None]) -> Iterator[Batch]:
    """Yield batches of up to `batch_rows` requests, from the cursor on.

    Where the lines break off, what was read before is yielded first; then their error is raised.
    """
    error: Exception | None = None
    while error is None:
        requests: list[AddRequest] = []
        bad: list[LineFault] = []
        start, count, place, began = cursor.position, 0, cursor.place, monotonic()
        ended = True
        try:
            for line in lines:
                count += 1
                place = line.place
                if isinstance(line.what, AddRequest):
                    requests.append(line.what)
                elif line.what is not None:
                    bad.append(LineFault(line.number, line.place, line.what))
                if len(requests) + len(bad) >= batch_rows or count >= MAX_LINES or monotonic() - began >= BATCH_S:
                    ended = False
                    break
        except Exception as exc:  # noqa: BLE001  # whatever it is: raised below, behind what was read before
            error = exc
        if count:
            cursor = replace(cursor, position=start + count, place=place)
            yield Batch(start, cursor, requests, count - len(requests), bad, total(cursor.position))
        if ended and error is None:
            return
    raise error
