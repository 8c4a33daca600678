"""Ours beside what one would write oneself, on the same pictures, with the same network; `python -m benchmarks.sidebyside`.

The others are benchmarks/baselines/tutorial.py, a request a picture, and batch_script.py, which serves nobody. All take turns, and
where Milvus is needed it is the same server. Prints a table and writes results/sidebyside.json.
"""

from __future__ import annotations

import argparse
import json
import shlex
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks import job
from benchmarks.figures import Figure, figure, middle, record, shown
from benchmarks.pictures import photographs
from benchmarks.stack import NAMES, UNREMEMBERED, Stack, serving
from cli.console import Output
from cli.stack.ports import LOOPBACK, free_ports, listens
from config import Settings
from config.settings import PROJECT_ROOT

SIZE = (640, 480)
OURS, TUTORIAL, SCRIPT = "ours", "FastAPI + eager PyTorch", "batch script"
ADDS, ADDS_WHOLE, SEARCHES, P50 = "adds/s", "adds/s with the start", "searches/s", "ms a search, p50, one client"

Measured = dict[tuple[str, str], list[float]]


def main(argv: list[str] | None = None) -> int:
    """Measure; exit code 0 whatever the figures say."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sidebyside", description=__doc__)
    parser.add_argument("--stores", choices=NAMES, default="embedded")
    parser.add_argument("--pictures", type=int, default=2048)
    parser.add_argument("--clients", default="1,8", help="at once, of which the better number counts")
    parser.add_argument("--seconds", type=float, default=8.0, help="of each measurement of requests")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args(argv)
    command = shlex.join(["python", "-m", "benchmarks.sidebyside", *(sys.argv[1:] if argv is None else argv)])
    output = Output(as_json=False)
    clients = [int(word) for word in options.clients.split(",")]
    measured: Measured = defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="bench-pictures-") as folder:
        paths = photographs(Path(folder), options.rounds * options.pictures + 200, SIZE)
        queries, paths = paths[-200:], paths[:-200]
        more = UNREMEMBERED | {"IMAGESEARCH_SOURCES__ROOTS": json.dumps([folder])}
        with serving(options.stores, more) as (stack, settings):
            for number in range(options.rounds):
                output.say(f"round {number + 1} of {options.rounds}")
                part = paths[number * options.pictures : (number + 1) * options.pictures]
                ours(measured, stack, settings, more, part, queries, clients, options.seconds)
                tutorial(measured, settings, part, queries, clients, options.seconds)
                script(measured, part, queries)
    figures = judged(measured, NAMES[options.stores], command)
    output.show(shown(figures))
    kept = {f"{what}, {who}": [round(value, 2) for value in values] for (what, who), values in measured.items()}
    record("sidebyside", figures, {"command": command, "measured": kept})
    return 0


def ours(
    measured: Measured,
    stack: Stack,
    settings: Settings,
    more: Mapping[str, str],
    paths: Sequence[Path],
    queries: Sequence[Path],
    clients: Sequence[int],
    seconds: float,
) -> None:
    """Load the pictures by a bulk load, then search by others."""
    job.append(settings, paths)
    done = job.load(stack, settings, more)
    measured[ADDS, OURS].append(done.steady_per_s)
    measured[ADDS_WHOLE, OURS].append(done.images_per_s)
    requests(measured, OURS, f"http://{settings.http.host}:{settings.http.port}", "/v1/search", queries, clients, seconds)


def tutorial(
    measured: Measured, settings: Settings, paths: Sequence[Path], queries: Sequence[Path], clients: Sequence[int], seconds: float
) -> None:
    """Add pictures a request each for as long as searches are measured, then search by others."""
    with served(settings.milvus.uri) as url:
        added = [asked(url, "/add", paths, count, seconds) for count in clients]
        measured[ADDS, TUTORIAL].append(max(len(times) / seconds for times in added))
        requests(measured, TUTORIAL, url, "/search", queries, clients, seconds)


def script(measured: Measured, paths: Sequence[Path], queries: Sequence[Path]) -> None:
    """Index all pictures, then search one after the other."""
    with tempfile.TemporaryDirectory(prefix="bench-script-") as folder:
        asked_by = Path(folder) / "queries"
        asked_by.write_text("\n".join(map(str, queries)))
        started = time.monotonic()
        said = ran(["benchmarks.baselines.batch_script", folder, "--queries", str(asked_by)], paths)
        seconds = time.monotonic() - started - sum(said["search_ms"]) / 1000
    measured[ADDS, SCRIPT].append(said["pictures"] / said["indexing_s"])
    measured[ADDS_WHOLE, SCRIPT].append(said["pictures"] / seconds)
    measured[SEARCHES, SCRIPT].append(1000 / middle(said["search_ms"]))
    measured[P50, SCRIPT].append(middle(said["search_ms"]))


def requests(
    measured: Measured, who: str, url: str, path: str, queries: Sequence[Path], clients: Sequence[int], seconds: float
) -> None:
    """Search over HTTP with each number of clients, and with one."""
    times = {count: asked(url, path, queries, count, seconds) for count in {1, *clients}}
    measured[SEARCHES, who].append(max(len(each) / seconds for each in times.values()))
    measured[P50, who].append(middle(times[1]))


def asked(url: str, path: str, bodies: Sequence[Path], clients: int, seconds: float) -> list[float]:
    """Return the milliseconds of the answers. Raises RuntimeError where there were others than 200."""
    options = ["--path", path, "--clients", str(clients), "--seconds", str(seconds)]
    by_status = ran(["benchmarks.search.clients", url, *options], bodies)["ms"]
    if set(by_status) != {"200"}:
        raise RuntimeError(f"{url}{path} answered { ({status: len(times) for status, times in by_status.items()}) }")
    times: list[float] = by_status["200"]
    return times


@contextmanager
def served(milvus: str) -> Iterator[str]:
    """Run the tutorial's service; its address."""
    (port,) = free_ports(1)
    command = [sys.executable, "-m", "benchmarks.baselines.tutorial", "--port", str(port), "--milvus", milvus]
    server = subprocess.Popen(command, cwd=PROJECT_ROOT)
    try:
        end = time.monotonic() + 120
        while not listens(port):
            if server.poll() is not None or time.monotonic() > end:
                raise RuntimeError("the tutorial's service did not start")
            time.sleep(0.2)
        yield f"http://{LOOPBACK}:{port}"
    finally:
        server.terminate()
        server.wait()


def ran(command: Sequence[str], paths: Sequence[Path]) -> Any:
    """Run a module that reads paths from stdin and prints a line of JSON."""
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=PROJECT_ROOT,
        input="\n".join(map(str, paths)),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def judged(measured: Measured, stores: str, command: str) -> list[Figure]:
    """Hold the medians of ours against theirs."""
    figures = []
    for what in (ADDS, ADDS_WHOLE, SEARCHES, P50):
        for who in (TUTORIAL, SCRIPT):
            if measured.get((what, who)):
                against = middle(measured[what, who])
                figures.append(figure(f"{what}, {stores}: ours, {who}", middle(measured[what, OURS]), command, against))
    return figures


if __name__ == "__main__":
    sys.exit(main())
