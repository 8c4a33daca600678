"""What a bulk load costs those who search meanwhile; `python -m benchmarks.beside`.

One client asks, with a pause after each answer, by pictures whose vectors are not remembered: in turns while nothing else runs and
while a load does. Prints a table and writes results/beside.json.
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
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import quantiles

import httpx

from benchmarks import job
from benchmarks.figures import Figure, figure, middle, record, shown
from benchmarks.pictures import photographs
from benchmarks.stack import NAMES, UNREMEMBERED, Stack, serving
from cli.console import Output
from config import Settings
from config.settings import PROJECT_ROOT

GOAL = "<= 1.2"
SIZE = (640, 480)
PAUSE_S = 0.1

Stages = dict[str, float]
"""Milliseconds of a search as its caller sees it, `all`, and by the service's own stages, of which `total` is the sum."""


def main(argv: list[str] | None = None) -> int:
    """Measure; exit code 0 whatever the figures say."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.beside", description=__doc__)
    parser.add_argument("--stores", default="embedded,servers")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=15.0, help="of searches, idle and again beside the load, each round")
    parser.add_argument("--there", type=int, default=500, help="pictures that are there before")
    parser.add_argument("--rate", type=float, default=150.0, help="pictures a second that the load is given, more than it can do")
    options = parser.parse_args(argv)
    command = shlex.join(["python", "-m", "benchmarks.beside", *(sys.argv[1:] if argv is None else argv)])
    output = Output(as_json=False)
    figures: list[Figure] = []
    details: dict[str, object] = {}
    each = round(options.rate * options.seconds)
    with tempfile.TemporaryDirectory(prefix="bench-pictures-") as folder:
        pictures = iter(photographs(Path(folder), options.there + options.rounds * each + 500, SIZE))
        asked = itertools.cycle(list(itertools.islice(pictures, 500)))
        loads = [list(itertools.islice(pictures, count)) for count in [options.there, *[each] * options.rounds]]
        for kind in options.stores.split(","):
            more = UNREMEMBERED | {"IMAGESEARCH_SOURCES__ROOTS": json.dumps([folder])}
            with serving(kind, more) as (stack, settings):
                rounds = measure(stack, settings, more, loads, asked, options.seconds, output)
            idle, busy = ([answer for one in rounds for answer in one[place]] for place in (0, 1))
            details[kind] = {"idle_ms": [one["all"] for one in idle], "beside_ms": [one["all"] for one in busy]}
            for stage in idle[0]:
                part = "" if stage == "all" else f"of that {stage}, "
                for name, of in (("p50", middle), ("p95", lambda values: quantiles(values, n=20)[-1])):
                    ours, against = (of([one.get(stage, 0.0) for one in some]) for some in (busy, idle))
                    goal = GOAL if (stage, name) == ("all", "p95") else None
                    what = f"ms a search, {name}, beside a load, {NAMES[kind]}: {part}beside it, alone"
                    figures.append(figure(what, ours, command, against=against, goal=goal))
    output.show(shown(figures))
    record("beside", figures, {"command": command, "searches": details})
    return 0


def measure(
    stack: Stack,
    settings: Settings,
    more: Mapping[str, str],
    loads: list[list[Path]],
    asked: Iterator[Path],
    seconds: float,
    output: Output,
) -> list[tuple[list[Stages], list[Stages]]]:
    """Load the first pictures; with each others, return what a round's searches took, idle and beside their load."""
    there, *loads = loads
    job.append(settings, there)
    load(stack, more)
    base = f"http://{settings.http.host}:{settings.http.port}"
    rounds = []
    with httpx.Client(base_url=base, timeout=60, trust_env=False) as client, ThreadPoolExecutor(1) as pool:
        searched(client, asked, 3.0)
        for paths in loads:
            idle = searched(client, asked, seconds)
            before = client.get("/v1/stats").json()["pictures"]
            job.append(settings, paths)
            run = pool.submit(load, stack, more)
            while client.get("/v1/stats").json()["pictures"] == before and not run.done():
                time.sleep(0.2)
            busy = searched(client, asked, seconds, lambda run=run: not run.done())
            # What is left of the load belongs to no round.
            rate = run.result()
            output.say(
                f"p50 of {len(idle)}: {_middle(idle):.1f} ms; of {len(busy)} beside {rate:.1f} images/s: {_middle(busy):.1f} ms"
            )
            rounds.append((idle, busy))
    return rounds


def load(stack: Stack, more: Mapping[str, str]) -> float:
    """Load what is pending; the images a second, its start included. Raises RuntimeError where not all were loaded."""
    command = [sys.executable, "-m", "jobs.bulk_load"]
    done = subprocess.run(command, cwd=PROJECT_ROOT, env=stack.environment(more), capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"the load ended with {done.returncode}:\n{done.stderr[-4000:]}")
    return float(json.loads(done.stdout.splitlines()[-1])["images_per_s"])


def searched(client: httpx.Client, asked: Iterator[Path], seconds: float, going: Callable[[], bool] = lambda: True) -> list[Stages]:
    """Ask for so long, or while `going` says so, and return what each search took."""
    answers = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end and going():
        data = next(asked).read_bytes()
        started = time.perf_counter()
        answer = client.post("/v1/search", files={"file": data}).raise_for_status()
        whole = 1000 * (time.perf_counter() - started)
        answers.append({"all": whole, **answer.json()["timing_ms"]})
        time.sleep(PAUSE_S)
    return answers


def _middle(answers: list[Stages]) -> float:
    return middle([one["all"] for one in answers])


if __name__ == "__main__":
    sys.exit(main())
