"""How far an import is: what was read, what became of its rows, how fast it goes and how long it takes."""

from __future__ import annotations

from dataclasses import dataclass

from imagesearch.stores.sql.imports import Imports
from imagesearch.types import Import, ImportState, LogState

READING = frozenset({ImportState.PENDING, ImportState.RUNNING})
HELD = frozenset({ImportState.PAUSED, ImportState.CANCELLED})


@dataclass(frozen=True, slots=True)
class Progress:
    """`eta_s` is None while nothing moves, or while it is not known how much there is. `finished`: nothing will move any more."""

    one: Import
    rows: dict[LogState, int]
    images_per_s: float | None
    eta_s: float | None
    finished: bool


def progress_of(imports: Imports, import_id: int) -> Progress:
    """Look at one import. Raises UnknownImport, StoreError."""
    one = imports.get(import_id)
    rows = imports.rows(import_id)
    pace = imports.pace(import_id)
    waiting = rows[LogState.PENDING]
    finished = one.state not in (*READING, ImportState.PAUSED) and not waiting
    return Progress(one, rows, pace, None if finished else _eta_s(one, waiting, pace), finished)


def _eta_s(one: Import, waiting: int, pace: float | None) -> float | None:
    if pace is None or one.state in HELD:
        return None
    ahead = 0.0
    if one.state in READING:
        if one.total is None or not one.cursor.position:
            return None
        # What is not read yet will be pictures as often as what was read.
        pictures = (one.cursor.position - one.skipped) / one.cursor.position
        ahead = max(0, one.total - one.cursor.position) * pictures
    return (waiting + ahead) / pace
