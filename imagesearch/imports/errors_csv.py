"""What went wrong in an import, as a CSV that a spreadsheet opens without running anything in it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from imagesearch.spreadsheet import plain_cell
from imagesearch.stores.sql.import_errors import ImportFault

HEADER = ("line", "log_id", "image_path", "code", "detail")


def header() -> str:
    """Return the first line."""
    return _text([HEADER])


def lines(faults: Iterable[ImportFault]) -> str:
    """Return a line for each fault."""
    return _text([(one.line, one.log_id, plain_cell(one.place), plain_cell(one.code), plain_cell(one.detail)) for one in faults])


def _text(rows: Iterable[Iterable[object]]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue()
