"""The bulk load held against the machine's limit and against the loader that it replaces; `python -m benchmarks.ingest`.

The same files and the same model in each way, in rounds, so that what else the machine does falls on all ways alike: (a) the limit,
with nothing else running; (b) ours, `python -m jobs.bulk_load`, on the embedded stack and on servers; (c) the old way, on the same
servers. Prints tables and writes results/ingest.json.
"""

from __future__ import annotations

import argparse
import json
import shlex
import subprocess
import sys
import tempfile
from collections import defaultdict
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks import job
from benchmarks.figures import Figure, figure, middle, record, shown
from benchmarks.ingest.limit import Limit, Way, run, settle, ways
from benchmarks.ingest.plan import REAL, SIZES, Case, cases
from benchmarks.stack import NAMES, Stack, running
from benchmarks.tables import parts_table
from cli.console import Output
from config.settings import PROJECT_ROOT

BATCH = 32
OF_LIMIT, OF_BASELINE = ">= 0.9", ">= 4"
# The one-by-one loader is several times slower: a part of the pictures is enough for its rate.
BASELINE_SHARE = 4


class Measured:
    """What the rounds gave, by case."""

    def __init__(self) -> None:
        self.tried: dict[Case, list[tuple[Way, Limit]]] = defaultdict(list)
        self.limits: dict[Case, list[tuple[Way, Limit]]] = defaultdict(list)
        self.ours: dict[tuple[Case, str], list[job.Run]] = defaultdict(list)
        self.baselines: dict[Case, list[dict[str, Any]]] = defaultdict(list)

    def limit(self, case: Case) -> float:
        """Return the images a second of the best way, by its median."""
        return max(middle(limit.images_per_s for way, limit in self.limits[case] if way == one) for one, _ in self.limits[case])

    def limit_cpu_s(self, case: Case) -> float:
        """Return the fewest processor seconds of a picture."""
        return min(limit.cpu_s / limit.images for _, limit in self.limits[case])


def main(argv: list[str] | None = None) -> int:
    """Measure; exit code 0 whatever the figures say."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ingest", description=__doc__)
    parser.add_argument("--models", default="efficientnet_lite0,resnet50")
    parser.add_argument("--sets", default=",".join([*SIZES, REAL]))
    parser.add_argument("--folder", type=Path, help="the real pictures; by default those that two installed packages carry")
    parser.add_argument("--stores", default="embedded,servers")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--share", type=float, default=1.0, help="of the usual number of pictures")
    parser.add_argument("--best", type=int, default=2, help="so many of the ways that a trial found fastest go through the rounds")
    parser.add_argument("--no-baseline", action="store_true")
    options = parser.parse_args(argv)
    command = shlex.join(["python", "-m", "benchmarks.ingest", *(sys.argv[1:] if argv is None else argv)])
    output = Output(as_json=False)
    measured = Measured()
    with tempfile.TemporaryDirectory(prefix="bench-pictures-") as folder:
        output.say("making pictures")
        planned = cases(Path(folder), options.models.split(","), options.sets.split(","), options.folder, options.share)
        chosen: dict[str, list[Way]] = {}
        for case in planned:
            # What is fastest depends on the model: its first set of pictures tells.
            if case.model not in chosen:
                chosen[case.model] = trial(case, options.best, measured, output)
        for number in range(options.rounds):
            output.say(f"round {number + 1} of {options.rounds}")
            for case in planned:
                measured.limits[case] += [(way, run(list(case.paths), case.settings, way, BATCH)) for way in chosen[case.model]]
            for kind in options.stores.split(","):
                with running(kind) as stack:
                    for case in planned:
                        measured.ours[case, kind].append(load(stack, case, output))
                        if kind == "servers" and not options.no_baseline:
                            measured.baselines[case].append(baseline(stack, case, number))
    figures = judge(measured, planned, command)
    for (case, kind), runs in measured.ours.items():
        output.show(parts_table(f"{case}, {NAMES[kind]}", measured.limit_cpu_s(case), runs))
    output.show(shown(figures))
    record("ingest", figures, {"command": command, "runs": kept(measured)})
    return 0


def trial(case: Case, best: int, measured: Measured, output: Output) -> list[Way]:
    """Try every way with a part of the pictures and return the fastest."""
    settle(case.settings)
    part = list(case.paths[: max(2 * BATCH, len(case.paths) // 8)])
    for way in ways():
        limit = run(part, case.settings, way, BATCH)
        output.say(f"{case}: {way}: {limit.images_per_s:.1f} images/s, {1000 * limit.cpu_s / limit.images:.1f} CPU ms a picture")
        measured.tried[case].append((way, limit))
    ranked = sorted(measured.tried[case], key=lambda one: -one[1].images_per_s)
    return [way for way, _ in ranked[:best]]


def load(stack: Stack, case: Case, output: Output) -> job.Run:
    """Load the case's pictures as a bulk load does."""
    settings = stack.fresh(case.variables)
    job.append(settings, case.paths)
    done = job.load(stack, settings, case.variables)
    output.say(f"{case}, {NAMES[stack.kind]}: {done.steady_per_s:.1f} images/s steady, {done.images_per_s:.1f} with its start")
    return done


def baseline(stack: Stack, case: Case, number: int) -> dict[str, Any]:
    """Load a part of the pictures one by one, in turn with torch's own number of threads and with one: either may be faster."""
    settings = stack.fresh(case.variables)
    url = settings.redis.url
    command = [sys.executable, "-m", "benchmarks.baselines.one_by_one"]
    command += ["--model", case.model, "--weights", case.settings.weights, "--sql", settings.sql.url.get_secret_value()]
    command += ["--milvus", settings.milvus.uri, "--redis", url.get_secret_value() if url else ""]
    command += ["--torch-threads", "1"] if number % 2 else []
    paths = "\n".join(map(str, case.paths[: len(case.paths) // BASELINE_SHARE]))
    environment = stack.environment(case.variables)
    done = subprocess.run(command, cwd=PROJECT_ROOT, env=environment, input=paths, capture_output=True, text=True, check=True)
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def judge(measured: Measured, planned: list[Case], command: str) -> list[Figure]:
    """Hold the medians against each other, by the clock and by processor time."""
    figures = []
    for case in planned:
        limit = measured.limit(case)
        for kind, name in NAMES.items():
            runs = measured.ours.get((case, kind))
            if not runs:
                continue
            rate = middle(one.steady_per_s for one in runs)
            cpu_ms = 1000 * middle(sum(one.cpu_s.values()) for one in runs)
            submitted = middle(one.images_per_s for one in runs)
            figures.append(figure(f"images/s of the load, {case}, {name}: ours, the limit", rate, command, limit, OF_LIMIT))
            figures.append(
                figure(f"the same from submission to end, {len(case.paths)} pictures: ours, the limit", submitted, command, limit)
            )
            limit_ms = 1000 * measured.limit_cpu_s(case)
            figures.append(figure(f"CPU ms a picture, {case}, {name}: ours, the limit", cpu_ms, command, limit_ms))
        if measured.baselines[case]:
            runs = measured.ours[case, "servers"]
            old = max(one["images_per_s"] for one in measured.baselines[case])
            rate = middle(one.steady_per_s for one in runs)
            figures.append(figure(f"images/s of the load, {case}: ours, one by one", rate, command, old, OF_BASELINE))
    return figures


def kept(measured: Measured) -> list[dict[str, Any]]:
    """Return what the record keeps of every run."""
    limits = [
        {"case": str(case), "way": str(way), "trial": trial, **asdict(limit), "images_per_s": round(limit.images_per_s, 2)}
        for trial, part in ((True, measured.tried), (False, measured.limits))
        for case, runs in part.items()
        for way, limit in runs
    ]
    ours = [{"case": str(case), "way": NAMES[kind], **one.detail()} for (case, kind), runs in measured.ours.items() for one in runs]
    old = [{"case": str(case), "way": "one by one", **one} for case, runs in measured.baselines.items() for one in runs]
    return limits + ours + old


if __name__ == "__main__":
    sys.exit(main())
