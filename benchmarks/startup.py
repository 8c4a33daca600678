"""What passes between a load's submission and its first picture; `python -m benchmarks.startup`.

The job's log tells its own steps. What its workers do until they are ready is taken apart with actors that do the same and look at
the clock between. Prints a table and writes results/startup.json.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import datetime
from itertools import accumulate
from pathlib import Path
from typing import Any

import ray

from benchmarks import job
from benchmarks.figures import Figure, figure, middle, record, shown
from benchmarks.ingest.plan import Case, cases
from benchmarks.stack import NAMES, Stack, running
from cli.console import Output
from config import Settings
from config.settings import PROJECT_ROOT
from jobs.cluster import connected

WAYS = {"plain": ["-m", "jobs.bulk_load"], "submitted": ["-c", "from cli.main import main; main()", "load"]}
STAMP = r"^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}) "
# The job's own words, in their order, and what had come to its end when each was said.
STEPS = {
    "joining the Ray cluster": "process, imports, settings",
    "joined the Ray cluster": "joining the cluster",
    "fetch: a worker is ready": "the first worker's process and imports",
    "embed: a worker is ready": "the model in another, while pictures are fetched",
}
FIRST, REST = "the first batch, to its commit", "the rest of the load"


class Probe:
    """An actor that opens what a stage's worker opens."""

    def __init__(self, stage: str, settings: Settings) -> None:
        self._began = time.time()
        self._stage = stage
        self._settings = settings

    def times(self) -> dict[str, float]:
        """Return when this process began to be an actor, and the seconds of its imports and of its opening."""
        started = time.perf_counter()
        if self._stage == "embed":
            from jobs.embed import Embedding as Stage
        elif self._stage == "fetch":
            from jobs.fetch import Fetcher as Stage  # type: ignore[assignment]  # one of three
        else:
            from jobs.write import Writer as Stage  # type: ignore[assignment]  # one of three
        if self._stage == "embed":
            import torch  # noqa: F401 - the seconds that it takes are the model's otherwise
        imported = time.perf_counter()
        Stage(self._settings).ready()
        return {"began": self._began, "imports": imported - started, "opening": time.perf_counter() - imported}


def main(argv: list[str] | None = None) -> int:
    """Measure; exit code 0 whatever the figures say."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.startup", description=__doc__)
    parser.add_argument("--model", default="efficientnet_lite0")
    parser.add_argument("--stores", choices=NAMES, default="embedded")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args(argv)
    command = shlex.join(["python", "-m", "benchmarks.startup", *(sys.argv[1:] if argv is None else argv)])
    output = Output(as_json=False)
    steps: dict[str, list[dict[str, float]]] = {way: [] for way in WAYS}
    with tempfile.TemporaryDirectory(prefix="bench-pictures-") as folder, running(options.stores) as stack:
        [case] = cases(Path(folder), [options.model], ["640x480"], None, 0)
        for _ in range(options.rounds):
            for way in WAYS:
                steps[way].append(one := start(stack, case, way))
                output.say(f"{way}: " + ", ".join(f"{what} {seconds:.1f} s" for what, seconds in one.items()))
        parts = [probed(stack, case) for _ in range(options.rounds)]
    figures = judge(steps, parts, command)
    output.show(shown(figures))
    record("startup", figures, {"command": command, "steps": steps, "workers": parts})
    return 0


def start(stack: Stack, case: Case, way: str) -> dict[str, float]:
    """Run a load and return the seconds of its steps."""
    settings = stack.fresh(case.variables)
    job.append(settings, case.paths)
    submitted = time.time()
    command, environment = [sys.executable, *WAYS[way]], stack.environment(case.variables)
    done = subprocess.run(command, cwd=PROJECT_ROOT, env=environment, capture_output=True, text=True, check=True)
    ended = time.time()
    moments = [submitted, *(_said(done.stderr, words) for words in STEPS), job.commits(settings)[0].when, ended]
    # What was over before its turn took no time of its own.
    moments = list(accumulate(moments, max))
    names = [*STEPS.values(), FIRST, REST]
    return {name: round(later - sooner, 3) for name, sooner, later in zip(names, moments, moments[1:], strict=False)}


def probed(stack: Stack, case: Case) -> dict[str, dict[str, float]]:
    """Start an actor for each stage, all at once as a load does, and return the seconds of what each did."""
    before = dict(os.environ)
    os.environ.update(stack.environment(case.variables))
    settings = stack.settings(case.variables)
    try:
        with connected(settings):
            asked = time.time()
            stages = ("fetch", "embed", "write")
            actors: list[Any] = [ray.remote(num_cpus=0.1)(Probe).remote(stage, settings) for stage in stages]
            times: list[dict[str, float]] = ray.get([actor.times.remote() for actor in actors])
    finally:
        os.environ.clear()
        os.environ.update(before)
    return {
        stage: {"process": round(one.pop("began") - asked, 3), **{what: round(s, 3) for what, s in one.items()}}
        for stage, one in zip(stages, times, strict=True)
    }


def judge(steps: dict[str, list[dict[str, float]]], parts: Sequence[dict[str, dict[str, float]]], command: str) -> list[Figure]:
    """Return the medians, in the order in which the time passes."""
    figures = []
    for way, runs in steps.items():
        names = [name for name in runs[0] if name != REST]
        whole = middle(sum(one[name] for name in names) for one in runs)
        figures.append(figure(f"s from start to the first picture, {way}", whole, command))
        figures += [figure(f"of that: {name}, {way}", middle(one[name] for one in runs), command) for name in names]
    for stage in parts[0]:
        for what in parts[0][stage]:
            figures.append(figure(f"s of a {stage} worker: {what}", middle(one[stage][what] for one in parts), command))
    return figures


def _said(log: str, words: str) -> float:
    found = re.search(STAMP + ".*" + re.escape(words), log, re.MULTILINE)
    if found is None:
        raise RuntimeError(f"the load's log does not say {words!r}:\n{log[-4000:]}")
    return datetime.strptime(found[1], "%Y-%m-%d %H:%M:%S,%f").timestamp()


if __name__ == "__main__":
    sys.exit(main())
