"""One measured figure held against another, and where all of them are kept: results/NAME.json and results/summary.json."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from rich.table import Table

from cli.console import cell, table
from imagesearch.models.host import cpus

RESULTS = Path(__file__).parent / "results"
SUMMARY = RESULTS / "summary.json"


@dataclass(frozen=True, slots=True)
class Figure:
    """`ours` held against `against`, both in the unit that `figure` names; `ratio` is ours / against.

    `goal` is `>= 0.9` or `<= 1.1`, what the ratio has to be, or, where there is nothing to be held against, ours. `command`
    measures it anew.
    """

    figure: str
    ours: float
    against: float | None
    ratio: float | None
    goal: str | None
    met: bool | None
    command: str


def figure(name: str, ours: float, command: str, against: float | None = None, goal: str | None = None) -> Figure:
    """Judge one figure; four significant digits are kept, which is more than a shared machine gives."""
    ratio = ours / against if against else None
    judged = ours if ratio is None else ratio
    met = None if goal is None else _meets(judged, goal)
    return Figure(name, _short(ours), _short_or_none(against), _short_or_none(ratio), goal, met, command)


def middle(values: Iterable[float]) -> float:
    """Return the median: the rounds of a shared machine have outliers to one side only."""
    return float(median(values))


def record(name: str, figures: Sequence[Figure], detail: Mapping[str, Any]) -> None:
    """Write results/NAME.json: the figures, how they came about, and the machine."""
    machine = {"cpus": cpus(), "python": platform.python_version(), "load_1m": round(os.getloadavg()[0], 1)}
    kept = {"figures": [asdict(one) for one in figures], "machine": machine, **detail}
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


def shown(figures: Iterable[Figure]) -> Table:
    """Return the figures as a table for people."""
    made = table("figure", "ours", "against", "ratio", "goal", "met", numbers=("ours", "against", "ratio", "goal", "met"))
    for one in figures:
        made.add_row(*map(cell, words(one)))
    return made


def words(one: Figure) -> tuple[str, ...]:
    """Return a figure as a table's row, but for its command."""
    met = {None: "", True: "yes", False: "no"}[one.met]
    return one.figure, _plain(one.ours), _plain(one.against), _plain(one.ratio), one.goal or "", met


def _meets(value: float, goal: str) -> bool:
    sign, _, bound = goal.partition(" ")
    return value >= float(bound) if sign == ">=" else value <= float(bound)


def _short(value: float) -> float:
    return float(f"{value:.4g}")


def _short_or_none(value: float | None) -> float | None:
    return None if value is None else _short(value)


def _plain(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
