"""Plain actors against Ray Data for the same load; `python -m benchmarks.engines`.

Prints a table and writes results/engines.json; what follows from it stands in docs/adr/0002-plain-actors.md.
"""

from __future__ import annotations

import argparse
import json
import shlex
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from benchmarks.engines.drive import BATCH, ENGINES
from benchmarks.figures import Figure, figure, middle, record, shown
from benchmarks.ingest.plan import Case, cases
from benchmarks.stack import Stack, clustered, running
from benchmarks.usage import Spent, sampled
from cli.console import Output
from config.settings import PROJECT_ROOT

MB = 1_000_000
# What one node of several is said to have: room for a worker of each stage.
NODE_CPUS = 2


@dataclass(frozen=True, slots=True)
class Run:
    """One load: its rates with and without the start, and what it took of the processors and, at its peak, of memory."""

    images_per_s: float
    steady_per_s: float
    first_s: float
    cpu_ms: float
    peak_mb: float

    def detail(self) -> dict[str, float]:
        """Return what is kept of it."""
        return {name: round(getattr(self, name), 2) for name in self.__slots__}


def main(argv: list[str] | None = None) -> int:
    """Measure; exit code 0 whatever the figures say."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.engines", description=__doc__)
    parser.add_argument("--model", default="efficientnet_lite0")
    parser.add_argument("--workers", default="1", help="actors of each stage on each node, one or several numbers of them")
    parser.add_argument("--nodes", default="1,3", help="of the cluster, one or several numbers; all are on this machine")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--share", type=float, default=1.0, help="of the usual number of pictures")
    options = parser.parse_args(argv)
    command = shlex.join(["python", "-m", "benchmarks.engines", *(sys.argv[1:] if argv is None else argv)])
    output = Output(as_json=False)
    runs: dict[tuple[str, str], list[Run]] = {}
    with tempfile.TemporaryDirectory(prefix="bench-pictures-") as folder:
        [case] = cases(Path(folder), [options.model], ["640x480"], None, options.share)
        for nodes, each in product(map(int, options.nodes.split(",")), map(int, options.workers.split(","))):
            where = f"{each * nodes} of each stage" + (f" on {nodes} nodes" if nodes > 1 else "")
            with running("embedded") if nodes == 1 else clustered("embedded", nodes, NODE_CPUS * each) as stack:
                for number in range(options.rounds):
                    # In turn, so that neither always comes first.
                    for engine in sorted(ENGINES, reverse=bool(number % 2)):
                        runs.setdefault((where, engine), []).append(one := drive(stack, case, engine, each * nodes))
                        output.say(f"{where}, {engine}: {one.detail()}")
    figures = judge(runs, command)
    output.show(shown(figures))
    details = [{"workers": where, "engine": engine, **one.detail()} for (where, engine), part in runs.items() for one in part]
    record("engines", figures, {"command": command, "pictures": len(case.paths), "batch": BATCH, "runs": details})
    return 0


def drive(stack: Stack, case: Case, engine: str, workers: int) -> Run:
    """Run one driver and measure it with all that works for it."""
    command = [sys.executable, "-m", "benchmarks.engines.drive", engine, "--workers", str(workers)]
    paths = "\n".join(map(str, case.paths))
    with sampled(0.3, memory=True) as spent:
        started = time.time()
        environment = stack.environment(case.variables)
        done = subprocess.run(command, cwd=PROJECT_ROOT, env=environment, input=paths, capture_output=True, text=True, check=False)
        seconds = time.time() - started
    if done.returncode:
        raise RuntimeError(f"{engine} ended with {done.returncode}:\n{done.stderr[-4000:]}")
    return _measured(json.loads(done.stdout.splitlines()[-1]), started, seconds, spent)


def judge(runs: dict[tuple[str, str], list[Run]], command: str) -> list[Figure]:
    """Hold the product's engine against the other."""
    figures = []
    for where in dict.fromkeys(where for where, _ in runs):
        for name, words in (
            ("images_per_s", "images/s with the start"),
            ("steady_per_s", "images/s after the first batch"),
            ("first_s", "s to the first batch"),
            ("cpu_ms", "CPU ms a picture"),
            ("peak_mb", "peak memory, MB"),
        ):
            ours, other = (middle(getattr(one, name) for one in runs[where, engine]) for engine in ("actors", "data"))
            figures.append(figure(f"{words}, {where}: plain actors, Ray Data", ours, command, other))
    return figures


def _measured(answer: dict[str, Any], started: float, seconds: float, spent: Spent) -> Run:
    images, batches = answer["images"], answer["batches"]
    steady = (images - images / len(batches)) / max(batches[-1] - batches[0], 1e-9)
    cpu_s = sum(spent.cpu_s.values())
    return Run(images / seconds, steady, batches[0] - started, 1000 * cpu_s / images, spent.peak_bytes / MB)


if __name__ == "__main__":
    sys.exit(main())
