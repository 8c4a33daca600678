"""What those who search notice of Serve's autoscaling, and how long it takes; `python -m benchmarks.scaling`.

The embedder goes from no replica to one, to two, back to one and to none, and to one again, driven by searches over HTTP, each by a
picture that is there. Prints a table and writes results/scaling.json.
"""

from __future__ import annotations

import argparse
import itertools
import json
import shlex
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import quantiles
from typing import Any

from benchmarks import job
from benchmarks.beside import load
from benchmarks.figures import Figure, figure, record, shown
from benchmarks.pictures import photographs
from benchmarks.replicas import states_of
from benchmarks.stack import NAMES, UNREMEMBERED, Kind, serving
from cli.console import Output
from config import Settings
from imagesearch.client import Client, Retry
from imagesearch.client.call import Call
from imagesearch.errors import ImageSearchError

EMBEDDER = "Embedder"
SIZE = (640, 480)
# Serve's own delays are for hours of traffic (serve_config.yaml); these are for one that changes within seconds.
AUTOSCALING = {
    "min_replicas": 0,
    "max_replicas": 2,
    "target_ongoing_requests": 2,
    "upscale_delay_s": 1,
    "downscale_delay_s": 3,
    "downscale_to_zero_delay_s": 5,
    "metrics_interval_s": 0.5,
    "look_back_period_s": 2,
}
FEW, MANY = 1, 12
# A model that loads on a machine whose processors are all taken by searches.
PATIENCE_S = 240.0
GONE = "-"


@dataclass(frozen=True, slots=True)
class Counted(Retry):
    """The client's own patience, which also counts why it was needed."""

    reasons: Counter[str] = field(default_factory=Counter)

    def again(self, call: Call[Any], error: BaseException) -> bool:
        """Judge as ever, and note the status of what is tried again."""
        tried = super(Counted, self).again(call, error)
        if tried and isinstance(error, ImageSearchError):
            self.reasons[str(error.data.get("status", GONE))] += 1
        return tried


@dataclass(slots=True)
class Step:
    """One change of the number of replicas: how long it took, and what the searches from its begin to that of the next came to.

    `first_s`: from the first search to its answer. `cold` of the answers are the stand-in's. `retried` counts by status what the
    client took for a reason to ask again, `lost` by code the searches that got no answer in the end, `wrong` those whose best hit
    was another picture.
    """

    name: str
    clients: int
    replicas: int
    seconds: float = 0.0
    first_s: float | None = None
    ms: list[float] = field(default_factory=list)
    cold: int = 0
    retried: Counter[str] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)
    wrong: int = 0

    def detail(self) -> dict[str, Any]:
        """Return what is kept of it."""
        kept = asdict(self)
        times = kept.pop("ms")
        p50, p99 = (round(quantiles(times, n=100)[at], 1) for at in (49, 98)) if len(times) > 1 else (None, None)
        return {**kept, "searches": len(times), "p50_ms": p50, "p99_ms": p99}


def steps() -> list[Step]:
    """Return what is driven, in its order."""
    return [
        Step("0 -> 1", FEW, 1),
        Step("1 -> 2", MANY, 2),
        Step("2 -> 1", FEW, 1),
        Step("1 -> 0", 0, 0),
        Step("0 -> 1, again", FEW, 1),
    ]


def main(argv: list[str] | None = None) -> int:
    """Measure; exit code 0 whatever the figures say."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scaling", description=__doc__)
    parser.add_argument("--stores", choices=NAMES, default="embedded")
    parser.add_argument("--cold-start", default="wait,cpu", help="values of search.cold_start")
    parser.add_argument("--pictures", type=int, default=200)
    parser.add_argument("--hold", type=float, default=8.0, help="seconds of searches once a number of replicas is reached")
    options = parser.parse_args(argv)
    command = shlex.join(["python", "-m", "benchmarks.scaling", *(sys.argv[1:] if argv is None else argv)])
    output = Output(as_json=False)
    with tempfile.TemporaryDirectory(prefix="bench-pictures-") as folder:
        paths = photographs(Path(folder), options.pictures, SIZE)
        done = {}
        for cold_start in options.cold_start.split(","):
            output.say(f"search.cold_start: {cold_start}")
            with scaling(options.stores, paths, variables(folder, cold_start)) as settings:
                done[cold_start] = driven(settings, paths, options.hold, output.say)
    figures = [one for name, part in done.items() for one in judged(part, f"{NAMES[options.stores]}, cold_start {name}", command)]
    output.show(shown(figures))
    kept = {name: [one.detail() for one in part] for name, part in done.items()}
    record("scaling", figures, {"command": command, "autoscaling": AUTOSCALING, "steps": kept})
    return 0


def variables(folder: str, cold_start: str) -> dict[str, str]:
    """Return the variables of a service whose embedder is scaled, and whose pictures lie in the folder."""
    embedder = {"num_replicas": None, "autoscaling_config": AUTOSCALING}
    # Each search needs the embedder.
    return UNREMEMBERED | {
        "IMAGESEARCH_SERVE__DEPLOYMENTS": json.dumps({EMBEDDER: embedder}),
        "IMAGESEARCH_SOURCES__ROOTS": json.dumps([folder]),
        "IMAGESEARCH_SERVE__EMBEDDER": "deployment",
        "IMAGESEARCH_SEARCH__COLD_START": cold_start,
    }


@contextmanager
def scaling(kind: Kind, paths: Sequence[Path], more: Mapping[str, str]) -> Iterator[Settings]:
    """Serve the pictures with an embedder that nobody has called yet; the service's settings."""
    with serving(kind, more) as (stack, settings):
        job.append(settings, paths)
        load(stack, more)
        yield settings


def driven(settings: Settings, paths: Sequence[Path], hold_s: float, say: Callable[[str], None]) -> list[Step]:
    """Drive all steps. Raises RuntimeError where a number of replicas is not reached."""
    await_replicas(settings, 0)
    with Searches(f"http://{settings.http.host}:{settings.http.port}", paths) as searches:
        done = []
        for step in steps():
            started = time.monotonic()
            searches.begin(step)
            await_replicas(settings, step.replicas)
            step.seconds = round(time.monotonic() - started, 2)
            if step.clients:
                time.sleep(hold_s)
            searches.end()
            first = "" if step.first_s is None else f", the first answer after {step.first_s:.1f} s"
            lost, retried = step.lost.total() + step.wrong, step.retried.total()
            say(f"{step.name}: {step.seconds:.1f} s{first}; {len(step.ms)} searches, lost or wrong {lost}, retried {retried}")
            done.append(step)
    return done


def await_replicas(settings: Settings, count: int) -> None:
    """Return once the embedder has so many replicas, all of them running. Raises RuntimeError when that takes too long."""
    end = time.monotonic() + PATIENCE_S
    while (states := states_of(settings, EMBEDDER)) != ["RUNNING"] * count:
        if time.monotonic() > end:
            raise RuntimeError(f"{count} replicas were wanted, and after {PATIENCE_S:.0f} s they are {states}")
        time.sleep(0.1)


class Searches:
    """Callers who search for one picture after the other, as many as the step in force asks for."""

    def __init__(self, base_url: str, paths: Sequence[Path]) -> None:
        self._pictures = itertools.cycle([(str(path), path.read_bytes()) for path in paths])
        self._lock = threading.Lock()
        self._retry = Counted(attempts=8, total_s=120.0)
        self._client = Client(base_url, retry=self._retry)
        self._pool = ThreadPoolExecutor(MANY)
        self._going = threading.Event()
        self._callers: list[Any] = []
        self._step = steps()[0]

    def begin(self, step: Step) -> None:
        """Search on behalf of the step."""
        self._step = step
        self._retry.reasons.clear()
        self._going.set()
        self._callers = [self._pool.submit(self._call) for _ in range(step.clients)]

    def end(self) -> None:
        """Let the callers have the answers that they wait for, and no more."""
        self._going.clear()
        for caller in self._callers:
            caller.result()
        self._step.retried += self._retry.reasons

    def __enter__(self) -> Searches:
        return self

    def __exit__(self, *_: object) -> None:
        self._going.clear()
        self._pool.shutdown()
        self._client.close()

    def _call(self) -> None:
        step = self._step
        while self._going.is_set():
            with self._lock:
                path, data = next(self._pictures)
            started = time.monotonic()
            try:
                answer = self._client.search(data, top_k=1)
            except ImageSearchError as exc:
                with self._lock:
                    step.lost[f"{exc.data.get('status', GONE)} {exc.code}"] += 1
                continue
            took_s = time.monotonic() - started
            with self._lock:
                step.wrong += [hit.image_path for hit in answer.hits] != [path]
                step.cold += answer.embedded_by is not None and answer.embedded_by.cold
                step.first_s = took_s if step.first_s is None else step.first_s
                step.ms.append(1000 * took_s)


def judged(done: Sequence[Step], what: str, command: str) -> list[Figure]:
    """Return the seconds of each step, and how many searches they cost."""
    figures = []
    for step in done:
        figures.append(figure(f"s until the embedder has scaled {step.name}, {what}", step.seconds, command))
        if step.name.startswith("0"):
            figures.append(figure(f"s of the first search, {step.name}, {what}", step.first_s or 0.0, command))
    all_of_them = sum(len(step.ms) for step in done)
    lost = sum(step.lost.total() + step.wrong for step in done)
    figures.append(figure(f"searches lost or wrong meanwhile, of {all_of_them}, {what}", lost, command, goal="<= 0"))
    retried = sum(step.retried.total() for step in done)
    figures.append(figure(f"searches told to come again meanwhile, of {all_of_them}, {what}", retried, command))
    return figures


if __name__ == "__main__":
    sys.exit(main())
