"""Tables of a benchmark's own, beside that of the figures."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from benchmarks.figures import middle
from benchmarks.job import Run
from cli.console import cell, table


def parts_table(title: str, limit_cpu_s: float | None, runs: Sequence[Run]) -> Table:
    """Say where a load's time goes: processor milliseconds of a picture by part beside the limit's, and the stages' own clocks.

    On a machine whose processors are all busy it is the sum of the former that decides.
    """
    made = table("part", "CPU ms a picture", "stage", "ms a picture", numbers=("CPU ms a picture", "ms a picture"))
    made.title = title
    roles = sorted({role for one in runs for role in one.cpu_s})
    parts = [(role, 1000 * middle(one.cpu_s.get(role, 0.0) for one in runs)) for role in roles]
    parts = [one for one in sorted(parts, key=lambda one: -one[1]) if one[1] >= 0.01]
    parts.append(("all of it", sum(ms for _, ms in parts)))
    if limit_cpu_s is not None:
        parts.append(("the limit", 1000 * limit_cpu_s))
    stages = [(name, 1000 * middle(one.stages[name] / one.rows for one in runs)) for name in runs[0].stages]
    for n in range(max(len(parts), len(stages))):
        part = parts[n] if n < len(parts) else ("", None)
        stage = stages[n] if n < len(stages) else ("", None)
        made.add_row(*map(cell, (part[0], _ms(part[1]), stage[0], _ms(stage[1]))))
    return made


def _ms(value: float | None) -> str | None:
    return None if value is None else f"{value:.2f}"
