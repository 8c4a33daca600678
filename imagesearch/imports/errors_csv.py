"""What went wrong in an import, as a CSV that a spreadsheet opens without running anything in it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from imagesearch.stores.sql.import_errors import ImportFault

HEADER = ("line", "log_id", "image_path", "code", "detail")
# What makes a cell a formula, the wide signs of East Asian keyboards among it, or would end up in front of one that does.
FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20", "\t", "\r", "\n")


def header() -> str:
    """Return the first line."""
    return _text([HEADER])


def lines(faults: Iterable[ImportFault]) -> str:
    """Return a line for each fault."""
    return _text([(one.line, one.log_id, _plain(one.place), _plain(one.code), _plain(one.detail)) for one in faults])


def _text(rows: Iterable[Iterable[object]]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue()


def _plain(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULA) else text
