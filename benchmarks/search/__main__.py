"""What a search costs and how many a machine carries, held against the machine's limit; `python -m benchmarks.search`.

(a) the limit, decode + embed + raw Milvus in one process without Ray; (b) the same service under plain uvicorn; (c) ours, over Ray
Serve, behind HAProxy and with its own proxy; all on the same pictures and in turns, of a second each for one client. Prints a table
and writes results/search.json.
"""

from __future__ import annotations

import argparse
import itertools
import json
import shlex
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from typing import Any

from benchmarks import job
from benchmarks.figures import Figure, figure, middle, record, shown
from benchmarks.ingest.limit import run, ways
from benchmarks.pictures import photographs
from benchmarks.search.bodies import by_id, by_vector
from benchmarks.search.started import started
from benchmarks.search.turns import in_turns
from benchmarks.stack import NAMES, UNREMEMBERED, Kind, Stack, serving
from cli.console import Output
from config import Settings
from config.settings import PROJECT_ROOT

SIZE = (640, 480)
ALONE_GOAL, CARRIED_GOAL, VECTOR_GOAL = "<= 1.15", ">= 0.85", ">= 0.5"
TURN_S = 1.0
PLAIN = "under uvicorn"
WAYS = {"haproxy": "over Serve behind HAProxy", "proxy": "over Serve"}


@dataclass(frozen=True, slots=True)
class Asked:
    """What callers got: the milliseconds of the answers, how many were turned away, and over how many seconds."""

    ms: list[float]
    refused: int
    seconds: float

    @property
    def per_s(self) -> float:
        """Return the answers a second."""
        return len(self.ms) / self.seconds


def main(argv: list[str] | None = None) -> int:
    """Measure; exit code 0 whatever the figures say."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.search", description=__doc__)
    parser.add_argument("--stores", default="embedded,servers")
    parser.add_argument("--modes", default="haproxy,proxy", help="of Serve: as we start it, and where there is no HAProxy")
    parser.add_argument("--pictures", type=int, default=1000)
    parser.add_argument("--clients", default="1,4,16,64")
    parser.add_argument("--seconds", type=float, default=5.0, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--turns", type=int, default=12, help="of the limit and of one client, in each round")
    options = parser.parse_args(argv)
    command = shlex.join(["python", "-m", "benchmarks.search", *(sys.argv[1:] if argv is None else argv)])
    output = Output(as_json=False)
    clients = [int(word) for word in options.clients.split(",")]
    modes = options.modes.split(",")
    figures: list[Figure] = []
    details: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="bench-pictures-") as folder:
        paths = photographs(Path(folder), options.pictures + 200, SIZE)
        more = UNREMEMBERED | {"IMAGESEARCH_SOURCES__ROOTS": json.dumps([folder])}
        for kind in options.stores.split(","):
            measured = Measured(paths[-200:], options.seconds, options.turns)
            for mode in modes:
                with serving(kind, more, haproxy=mode == "haproxy") as (stack, settings):
                    loaded(stack, settings, more, paths[:-200])
                    for number in range(options.rounds):
                        output.say(f"{WAYS[mode]}, {NAMES[kind]}: round {number + 1} of {options.rounds}")
                        measured.round(stack, settings, more, WAYS[mode], clients)
            figures += measured.figures(kind, [WAYS[mode] for mode in modes], clients, command)
            details[kind] = measured.detail()
    output.show(shown(figures))
    record("search", figures, {"command": command, "runs": details})
    return 0


def loaded(stack: Stack, settings: Settings, more: Mapping[str, str], paths: Sequence[Path]) -> None:
    """Load the pictures, and give the index time to be built."""
    job.append(settings, paths)
    job.load(stack, settings, more)
    time.sleep(10)


class Measured:
    """Rounds of measurements on one kind of stores, with Serve in one mode after the other."""

    def __init__(self, asked: Sequence[Path], seconds: float, turns: int) -> None:
        self._seconds = seconds
        self._turns = turns
        self._pictures = [str(path) for path in asked]
        self._limits: list[dict[str, Any]] = []
        self._loops: list[float] = []
        # Of each round: the medians of one client and of the limit in turns with it.
        self._alone: dict[str, list[tuple[float, float]]] = defaultdict(list)
        self._asked: dict[tuple[str, str, int], list[Asked]] = defaultdict(list)

    def round(self, stack: Stack, settings: Settings, more: Mapping[str, str], way: str, clients: Sequence[int]) -> None:
        """Measure everything once."""
        environment = stack.environment(more)
        self._limits.append(_run("benchmarks.search.limit", environment, self._pictures, "--seconds", str(self._seconds)))
        # The bare loop: the same pictures decoded and embedded in full batches, without a search.
        files = [Path(path) for path in self._pictures]
        self._loops.append(max(run(files, settings.model, each, 32).images_per_s for each in ways(("onnx",))))
        ours = f"http://{settings.http.host}:{settings.http.port}"
        bodies = {"picture": self._pictures, "milvus_id": by_id(ours), "vector": by_vector(settings)}
        self._callers(way, ours, environment, bodies, clients)
        with started(stack, more) as url:
            self._in_turns({way: ours, PLAIN: url}, environment)
            self._callers(PLAIN, url, environment, bodies, clients)

    def figures(self, kind: Kind, ours: Sequence[str], clients: Sequence[int], command: str) -> list[Figure]:
        """Hold what was measured against the limits, by the medians of the rounds."""
        name = NAMES[kind]
        figures = []
        for way in (PLAIN, *ours):
            p50, limit_ms = (middle(each) for each in zip(*self._alone[way], strict=True))
            goal = ALONE_GOAL if way != PLAIN else None
            figures.append(figure(f"ms a search, p50, one client, {way}, {name}: it, the limit", p50, command, limit_ms, goal))
        for way, count in itertools.product((PLAIN, *ours), clients):
            p99 = self._of(way, "picture", count, lambda asked: quantiles(asked.ms, n=100)[-1])
            figures.append(figure(f"ms a search, p99, {count} clients, {way}, {name}", p99, command))
        for way in (PLAIN, *ours):
            best = max(self._of(way, "picture", count, lambda asked: asked.per_s) for count in clients)
            goal = CARRIED_GOAL if way != PLAIN else None
            title = f"searches/s by a picture, {way}, {name}: it, the bare loop's images/s"
            figures.append(figure(title, best, command, middle(self._loops), goal))
        raw = {count: middle(limit["by_vector_per_s"][str(count)] for limit in self._limits) for count in clients}
        for what, way in itertools.product(("milvus_id", "vector"), (PLAIN, *ours)):
            best = max(self._of(way, what, count, lambda asked: asked.per_s) for count in clients)
            goal = VECTOR_GOAL if way != PLAIN else None
            title = f"searches/s by {what}, {way}, {name}: it, raw pymilvus"
            figures.append(figure(title, best, command, max(raw.values()), goal))
        return figures

    def detail(self) -> dict[str, Any]:
        """Return what is kept of it."""
        runs = {
            f"{way}, by {what}, {count} clients": [
                {"p50_ms": round(middle(one.ms), 2), "per_s": round(one.per_s, 1), "refused": one.refused} for one in asked
            ]
            for (way, what, count), asked in self._asked.items()
        }
        alone = {way: [[round(ms, 2) for ms in each] for each in rounds] for way, rounds in self._alone.items()}
        by_vector_per_s = [one["by_vector_per_s"] for one in self._limits]
        limit = {"by_vector_per_s": by_vector_per_s, "embedded_per_s": self._loops}
        return {"limit": limit, "p50_ms, its and the limit's": alone, "asked": runs}

    def _of(self, way: str, what: str, clients: int, value: Callable[[Asked], float]) -> float:
        return middle(value(asked) for asked in self._asked[way, what, clients])

    def _in_turns(self, urls: Mapping[str, str], environment: Mapping[str, str]) -> None:
        """Have the limit and one client of each take turns: what changes the machine's speed meets all of them."""
        limit: list[float] = []
        asked: dict[str, list[float]] = defaultdict(list)
        with ExitStack() as processes:
            searched = processes.enter_context(in_turns(environment, self._pictures))
            callers = {way: processes.enter_context(in_turns(environment, self._pictures, url)) for way, url in urls.items()}
            for _ in range(self._turns):
                limit += searched(TURN_S)
                for way, caller in callers.items():
                    asked[way] += caller(TURN_S)
        for way, ms in asked.items():
            self._alone[way].append((middle(ms), middle(limit)))

    def _callers(
        self, way: str, url: str, environment: Mapping[str, str], bodies: Mapping[str, list[str]], clients: Sequence[int]
    ) -> None:
        for (what, lines), count in itertools.product(bodies.items(), clients):
            options = ("--clients", str(count), "--seconds", str(self._seconds))
            said = _run("benchmarks.search.clients", environment, lines, url, *options)
            refused = sum(len(times) for status, times in said["ms"].items() if status != "200")
            self._asked[way, what, count].append(Asked(said["ms"].get("200", []), refused, said["seconds"]))


def _run(module: str, environment: Mapping[str, str], lines: Sequence[str], *arguments: str) -> Any:
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=PROJECT_ROOT,
        env=environment,
        input="\n".join(lines),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


if __name__ == "__main__":
    sys.exit(main())
