"""The state of add-log rows that are looked up by their keys."""

from __future__ import annotations

from sqlalchemy import ColumnElement, literal_column

from imagesearch.types import LogState


def still(state: LogState) -> ColumnElement[bool]:
    """Return the condition that a row, which its key found, is in this state."""
    # "+" changes nothing but SQLite's way: of some keys and a state it would choose the state, and walk a million rows that wait.
    return literal_column("+image_add_log.state") == state
