"""The benchmarks of `make bench`, in their order, and how each one's record becomes figures."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks.chaos.schedule import KILLS
from benchmarks.figures import RESULTS, Figure, figure


@dataclass(frozen=True, slots=True)
class Step:
    """One program: its module, the options that keep all of them together at about half an hour, and how its record reads."""

    module: str
    options: tuple[str, ...]
    read: Callable[[Any], list[Figure]]

    @property
    def name(self) -> str:
        """Return what its record is called."""
        return self.module.rsplit(".", 1)[-1]

    @property
    def command(self) -> str:
        """Return the command as one would type it."""
        return " ".join(["python", "-m", self.module, *self.options])

    def figures(self) -> list[Figure]:
        """Return what was recorded last, nothing where it never ran."""
        path = RESULTS / f"{self.name}.json"
        return self.read(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else []


def plain(kept: Any) -> list[Figure]:
    """Read a record of figures.record."""
    return [Figure(**one) for one in kept["figures"]]


def chaos(kept: Any) -> list[Figure]:
    """Read what the chaos runner keeps: rows by what became of them after all strikes, and how long it took to recover."""
    what = f"{kept['kills']} kills, {kept['rows']} rows"
    sums = [figure(f"rows {word}, {what}", kept[key], kept["command"], goal="<= 0") for key, word in ROWS.items()]
    seconds = [kind["max_s"] for kind in kept["kinds"] if kind["max_s"] is not None]
    return [*sums, figure(f"s to recover, the longest, {what}", max(seconds, default=0.0), kept["command"])]


def quality(kept: Any) -> list[Figure]:
    """Read the shares of pictures that were found, those that have a goal."""
    with_goal = [one for one in kept if one["goal"] is not None]
    return [figure(one["figure"], one["value"], one["command"], goal=f">= {one['goal']}") for one in with_goal]


def draft(kept: Any) -> list[Figure]:
    """Read the least cosines of photographs at the factor in force."""
    with_goal = [one for one in kept["lines"] if one["goal"] is not None]
    return [figure(one["figure"], one["value"], kept["command"], goal=f">= {one['goal']}") for one in with_goal]


def runtimes(kept: Any) -> list[Figure]:
    """Read the processor time of a picture by each runtime at one batch size, held against PyTorch without any preparation."""
    lines = [one for one in kept["lines"] if one["batch"] == COMPARED_BATCH and one["threads"] == 1]
    eager = {one["model"]: one["cpu_ms_per_picture"] for one in lines if "eager" in one["runtime"]}
    return [
        figure(
            f"processor ms a picture, {one['model']}, {one['runtime']}, one thread, batch {COMPARED_BATCH}",
            one["cpu_ms_per_picture"],
            kept["command"],
            against=eager[one["model"]],
        )
        for one in lines
        if "eager" not in one["runtime"]
    ]


COMPARED_BATCH = 16
ROWS = {"lost": "lost", "doubled": "doubled", "unfinal": "not final", "wrong": "wrong"}
SUITE = (
    Step(
        "benchmarks.ingest", ("--rounds", "1", "--best", "1", "--sets", "640x480", "--stores", "embedded", "--share", "0.5"), plain
    ),
    Step("benchmarks.ingest.memory", ("--rows", "1000,10000"), plain),
    Step("benchmarks.adds", ("--rounds", "1"), plain),
    Step("benchmarks.freshness", ("--pictures", "8"), plain),
    Step("benchmarks.startup", ("--rounds", "1"), plain),
    Step("benchmarks.engines", ("--rounds", "1", "--share", "0.5", "--nodes", "1"), plain),
    Step("benchmarks.cold", ("--rounds", "1"), plain),
    Step("benchmarks.scaling", ("--cold-start", "wait", "--pictures", "100", "--hold", "4"), plain),
    Step("benchmarks.sizes", ("--sizes", "1000,5000", "--searches", "100"), plain),
    Step("benchmarks.search", ("--stores", "embedded", "--clients", "1,16", "--seconds", "2", "--rounds", "1"), plain),
    Step("benchmarks.beside", ("--stores", "embedded", "--rounds", "1"), plain),
    Step("benchmarks.overload", ("--modes", "haproxy", "--seconds", "30", "--pictures", "100", "--clients", "16"), plain),
    Step("benchmarks.sidebyside", ("--pictures", "256", "--rounds", "1"), plain),
    # Without what does not kill, which takes a third of the time; `python -m benchmarks.chaos --kills 100` has it all.
    Step("benchmarks.chaos", ("--kills", "30", "--kinds", *KILLS), chaos),
)
# `make bench` does not run these, the first for want of the demo's stack, the others for want of time: their last record is shown.
BESIDE = (
    Step("benchmarks.quality", ("FOLDER",), quality),
    Step("benchmarks.verify", ("FOLDER",), plain),
    Step("benchmarks.draft", (), draft),
    Step("benchmarks.runtimes", (), runtimes),
)
