"""A run's figures as a table, as lines of JSON, and in results/chaos.json."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.chaos.runner import Result, Struck
from benchmarks.chaos.schedule import DEADLY, KINDS
from cli.console import Output, cell, table

RESULTS = Path(__file__).parents[1] / "results" / "chaos.json"


def summary(result: Result, about: Mapping[str, Any]) -> dict[str, Any]:
    """Return the run as one JSON object."""
    verdict = asdict(result.verdict)
    return {
        **about,
        "kills": sum(one.kind in DEADLY for one in result.struck),
        "strikes": len(result.struck),
        "seconds": round(result.seconds, 1),
        **{name: verdict[name] for name in ("rows", "pictures", "lost", "doubled", "unfinal", "wrong", "audit", "notes")},
        "clean": result.clean,
        "loads_that_ended_by_themselves": result.ended,
        "exit_codes_when_stopped": result.stopped,
        "sql_deadlocks": result.deadlocks,
        "adds_repeated_while_sql_was_away": result.outages,
        "rows_never_announced": result.unannounced,
        "kinds": [_of_kind(kind, some) for kind in KINDS if (some := [one for one in result.struck if one.kind == kind])],
    }


def show(figures: Mapping[str, Any], output: Output) -> None:
    """Print the table: a line a kind, and one for all of it."""
    numbers = ("strikes", "median s", "max s", "rows", "lost", "doubled", "not final", "wrong")
    shown = table("kind", *numbers, numbers=numbers)
    for one in figures["kinds"]:
        shown.add_row(*map(cell, (one["kind"], one["strikes"], one["median_s"], one["max_s"])))
    seconds = [second for one in figures["kinds"] for second in one["recovered_s"] if second is not None]
    middle, longest = (round(median(seconds), 1), max(seconds)) if seconds else (None, None)
    totals = (figures["rows"], figures["lost"], figures["doubled"], figures["unfinal"], figures["wrong"])
    shown.add_row(*map(cell, (f"all, {figures['kills']} kills", figures["strikes"], middle, longest, *totals)))
    output.show(shown)
    for note in figures["notes"]:
        output.say(note, "red")


def record(figures: Mapping[str, Any], path: Path) -> None:
    """Write the figures to the file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


def _of_kind(kind: str, struck: list[Struck]) -> dict[str, Any]:
    seconds = [one.recovered_s for one in struck if one.recovered_s is not None]
    return {
        "kind": kind,
        "strikes": len(struck),
        "median_s": round(median(seconds), 1) if seconds else None,
        "max_s": round(max(seconds), 1) if seconds else None,
        "recovered_s": [one.recovered_s for one in struck],
    }
