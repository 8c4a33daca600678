"""What the service does with twice the searches that it can answer; `python -m benchmarks.overload`.

Clients that each wait for their answer find how many searches by a picture a second the service carries. Then twice as many are
begun, whether or not it keeps up, each once and without another try: what is answered and how soon, what is told to come again
later (429 or 503, always with Retry-After), and whatever else there is. After the end one client sees how soon it is served as
before. Prints a table and writes results/overload.json.
"""

from __future__ import annotations

import argparse
import itertools
import json
import shlex
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from typing import Any

from benchmarks import job
from benchmarks.figures import Figure, figure, middle, record, shown
from benchmarks.pictures import photographs
from benchmarks.stack import NAMES, Stack, serving
from cli.console import Output
from config import Settings
from config.settings import PROJECT_ROOT

SIZE = (640, 480)
QUERIES = 200
# No query's vector is remembered: each search costs what its first one does.
MORE = {"IMAGESEARCH_SEARCH__CACHE_SLOTS": "0"}
SHED = ("429", "503")
WAYS = {"haproxy": ", behind HAProxy", "proxy": ""}
TIMES = 2
# Served as before: the median of so many searches in a row is within this of the median before.
IN_A_ROW, NEAR = 5, 1.2
FILLED_S = 5.0


def main(argv: list[str] | None = None) -> int:
    """Measure; exit code 0 whatever the figures say."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.overload", description=__doc__)
    parser.add_argument("--stores", default="embedded")
    parser.add_argument("--modes", default="haproxy,proxy", help="of Serve: as we start it, and where there is no HAProxy")
    parser.add_argument("--seconds", type=float, default=300.0, help="of the load that is too much")
    parser.add_argument("--pictures", type=int, default=500, help="in the collection")
    parser.add_argument("--clients", default="4,16,24")
    options = parser.parse_args(argv)
    command = shlex.join(["python", "-m", "benchmarks.overload", *(sys.argv[1:] if argv is None else argv)])
    output = Output(as_json=False)
    figures: list[Figure] = []
    details: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="bench-pictures-") as folder:
        paths = photographs(Path(folder), options.pictures + QUERIES, SIZE)
        more = MORE | {"IMAGESEARCH_SOURCES__ROOTS": json.dumps([folder])}
        for kind, mode in itertools.product(options.stores.split(","), options.modes.split(",")):
            name = f"{NAMES[kind]}{WAYS[mode]}"
            with serving(kind, more, haproxy=mode == "haproxy") as (stack, settings):
                job.append(settings, paths[:-QUERIES])
                job.load(stack, settings, more)
                output.say(f"{name}: {len(paths) - QUERIES} pictures are loaded")
                pictures, clients = [str(path) for path in paths[-QUERIES:]], [int(word) for word in options.clients.split(",")]
                told = overload(stack, settings, more, pictures, clients, options.seconds)
            figures += told.figures(name, command)
            details[name] = told.detail()
    output.show(shown(figures))
    record("overload", figures, {"command": command, "runs": details})
    return 0


@dataclass(frozen=True, slots=True)
class Overload:
    """What came of it: searches a second that are carried, by clients; a search's milliseconds before; what `offered` said."""

    carried_by: dict[int, float]
    before_ms: float
    offered: list[dict[str, Any]]
    alone: list[dict[str, Any]]

    @property
    def carried(self) -> float:
        """Return the most searches a second that were answered."""
        return max(self.carried_by.values())

    @property
    def back_s(self) -> float:
        """Return the seconds from the end of the load to the first of some searches in a row that were served as before."""
        for start in range(len(self.alone) - IN_A_ROW + 1):
            row = self.alone[start : start + IN_A_ROW]
            slowest = max(row[0]["ms"], middle(one["ms"] for one in row))
            if all(one["status"] == "200" for one in row) and slowest <= NEAR * self.before_ms:
                return float(row[0]["at_s"])
        # Not in the time that it had: at least so long.
        return float(self.alone[-1]["at_s"])

    def figures(self, name: str, command: str) -> list[Figure]:
        """Judge it."""
        answered = [one for one in self.offered if one["status"] == "200"]
        shed = [one for one in self.offered if one["status"] in SHED and one["retry_after"] is not None]
        other = len(self.offered) - len(answered) - len(shed)
        # Before the queues are full whoever comes is admitted and soon served.
        full = [one["ms"] for one in answered if one["at_s"] > FILLED_S] or [one["ms"] for one in answered]
        cuts = quantiles(full, n=100, method="inclusive") if len(full) > 1 else full * 99
        what = f"searches by picture, twice what is carried, {name}"
        last = max(one["at_s"] for one in self.offered)
        # Who stands in a queue when the load ends is answered after it.
        answered_s = max([last, *(one["at_s"] + one["ms"] / 1000 for one in answered)])
        return [
            figure(f"{what}: offered, carried, a second", len(self.offered) / last, command, self.carried),
            figure(f"{what}: answered, carried, a second", len(answered) / answered_s, command, self.carried, ">= 0.9"),
            figure(f"{what}: ms of those that are answered, p50: meanwhile, before", cuts[49], command, self.before_ms),
            figure(f"{what}: ms of those that are answered, p99: meanwhile, before", cuts[98], command, self.before_ms),
            figure(f"{what}: share told to come again, with Retry-After", len(shed) / len(self.offered), command),
            figure(f"{what}: any other outcome", other, command, goal="<= 0"),
            figure(f"{what}: s after the end until one client is served as before", self.back_s, command, goal="<= 5"),
        ]

    def detail(self) -> dict[str, Any]:
        """Return what is kept of it."""
        outcomes = Counter(f"{one['status']}, Retry-After {one['retry_after']}" for one in self.offered)
        after = [(one["at_s"], one["status"], one["ms"]) for one in self.alone[:100]]
        return {"carried": self.carried_by, "before_ms": self.before_ms, "outcomes": outcomes, "after": after}


def overload(
    stack: Stack, settings: Settings, more: Mapping[str, str], pictures: Sequence[str], clients: Sequence[int], seconds: float
) -> Overload:
    """Find what the service carries, and offer twice as much."""

    def ask(module: str, *arguments: str) -> Any:
        done = subprocess.run(
            [sys.executable, "-m", module, f"http://{settings.http.host}:{settings.http.port}", *arguments],
            cwd=PROJECT_ROOT,
            env=stack.environment(more),
            input="\n".join(pictures),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        return json.loads(done.stdout.splitlines()[-1])

    carried: dict[int, float] = {}
    for count in clients:
        said = ask("benchmarks.search.clients", "--clients", str(count), "--seconds", "6")
        carried[count] = len(said["ms"].get("200", [])) / said["seconds"]
    alone = ask("benchmarks.search.offered", "--alone", "8")["alone"]
    before_ms = middle(one["ms"] for one in alone[len(alone) // 4 :])
    per_s = TIMES * max(carried.values())
    told = ask("benchmarks.search.offered", "--per-s", str(per_s), "--seconds", str(seconds))
    return Overload(carried, before_ms, told["offered"], told["alone"])


if __name__ == "__main__":
    sys.exit(main())
