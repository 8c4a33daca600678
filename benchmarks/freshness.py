"""How long a picture is unknown: from the 202 of its add to the search that finds it; `python -m benchmarks.freshness`.

Once with a load that follows the add-log, once with one that is told by Kafka; idle, and while others add pictures, too. A picture
counts as found when the search has answered, so its own time is in the figure. Prints a table and writes results/freshness.json.
"""

from __future__ import annotations

import argparse
import json
import random
import shlex
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import quantiles

import httpx

from benchmarks.figures import Figure, figure, middle, record, shown
from benchmarks.pictures import photographs
from benchmarks.servers.kafka import Kafka
from benchmarks.stack import NAMES, Kind, Stack, serving
from cli.console import Output
from config.settings import PROJECT_ROOT

FEEDS = {"follow": ["jobs.bulk_load", "--follow"], "stream": ["jobs.stream_load"]}
TOPIC = "bench.added"
GOAL = "<= 5"
POLL_S = 0.02
SIZE = (640, 480)
START_S = 120.0


def main(argv: list[str] | None = None) -> int:
    """Measure; exit code 0 whatever the figures say."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.freshness", description=__doc__)
    parser.add_argument("--feeds", default="follow,stream")
    parser.add_argument("--stores", choices=NAMES, default="embedded")
    parser.add_argument("--pictures", type=int, default=20, help="whose times are taken, idle and again under load")
    parser.add_argument("--load", type=float, default=10.0, help="pictures a second that others add meanwhile")
    options = parser.parse_args(argv)
    command = shlex.join(["python", "-m", "benchmarks.freshness", *(sys.argv[1:] if argv is None else argv)])
    output = Output(as_json=False)
    figures: list[Figure] = []
    details: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory(prefix="bench-pictures-") as folder:
        # Under load the others add for as long as the pictures take, each some seconds.
        others = round(options.load * options.pictures * 4)
        for feed in options.feeds.split(","):
            pictures = iter(photographs(Path(folder), 1 + 2 * options.pictures + others, SIZE))
            with followed(feed, options.stores, Path(folder)) as client:
                found(client, next(pictures), START_S)
                idle = [found(client, next(pictures)) for _ in spaced(options.pictures)]
                asked = [next(pictures) for _ in range(options.pictures)]
                with adding(client, pictures, options.load):
                    busy = [found(client, path, START_S) for path, _ in zip(asked, spaced(len(asked)), strict=True)]
            for state, times in (("idle", idle), (f"{options.load:g} others a second", busy)):
                name = f"{feed}, {state}"
                details[name] = [round(one, 3) for one in times]
                goal = GOAL if state == "idle" else None
                figures.append(figure(f"s from 202 to found, p50, {name}", middle(times), command))
                figures.append(figure(f"s from 202 to found, p95, {name}", quantiles(times, n=20)[-1], command, goal=goal))
    output.show(shown(figures))
    record("freshness", figures, {"command": command, "seconds": details})
    return 0


@contextmanager
def followed(feed: str, kind: Kind, folder: Path) -> Iterator[httpx.Client]:
    """Run the service and a load that is fed this way; yield a client of the service."""
    more = {"IMAGESEARCH_SOURCES__ROOTS": json.dumps([str(folder)])}
    with ExitStack() as closing:
        if feed == "stream":
            broker = Kafka(Path(closing.enter_context(tempfile.TemporaryDirectory(prefix="bench-kafka-"))))
            closing.callback(broker.stop)
            broker.start()
            broker.create(TOPIC)
            more |= {
                "IMAGESEARCH_STREAM__KIND": "kafka",
                "IMAGESEARCH_STREAM__SERVERS": json.dumps([broker.server]),
                "IMAGESEARCH_STREAM__TOPIC": TOPIC,
                # This broker's groups take half a session to form.
                "IMAGESEARCH_STREAM__SESSION_S": "2",
            }
        stack, settings = closing.enter_context(serving(kind, more))
        closing.enter_context(loading(feed, stack, more))
        base = f"http://{settings.http.host}:{settings.http.port}"
        yield closing.enter_context(httpx.Client(base_url=base, timeout=60, trust_env=False))


@contextmanager
def loading(feed: str, stack: Stack, more: dict[str, str]) -> Iterator[None]:
    """Run the job until the block ends."""
    with (stack.home / "load.log").open("w") as log:
        job = subprocess.Popen(
            [sys.executable, "-m", *FEEDS[feed]],
            cwd=PROJECT_ROOT,
            env=stack.environment(more),
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            yield
        finally:
            ended = job.poll()
            job.send_signal(signal.SIGTERM)
            job.wait()
            if ended is not None:
                raise RuntimeError(f"the load ended with {ended}:\n{(stack.home / 'load.log').read_text()[-4000:]}")


@contextmanager
def adding(client: httpx.Client, pictures: Iterator[Path], rate: float) -> Iterator[None]:
    """Add pictures at this rate until the block ends or there are no more."""
    done = threading.Event()

    def add() -> None:
        while not done.wait(1 / rate) and (path := next(pictures, None)) is not None:
            client.post("/v1/images", json={"image_path": str(path)}).raise_for_status()

    thread = threading.Thread(target=add, name="others")
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def spaced(count: int) -> Iterator[int]:
    """Yield so many numbers, at moments that do not beat with the load's own pauses."""
    chance = random.Random(0)
    for number in range(count):
        time.sleep(chance.uniform(0.3, 1.7))
        yield number


def found(client: httpx.Client, path: Path, patience_s: float = 30.0) -> float:
    """Add the picture and return the seconds from the answer to the end of the search that found it.

    The add-log says when a search is worth its while: asking by searches alone would be a load of its own.
    """
    answer = client.post("/v1/images", json={"image_path": str(path)}).raise_for_status().json()
    started = time.perf_counter()
    while (row := client.get(answer["href"]).json())["state"] == "pending":
        if time.perf_counter() - started > patience_s:
            raise RuntimeError(f"{path} is pending after {patience_s:.0f} s")
        time.sleep(POLL_S)
    while True:
        hits = client.post("/v1/search", files={"file": path.read_bytes()}, data={"top_k": "3"}).raise_for_status().json()["hits"]
        if row["milvus_id"] in [hit["milvus_id"] for hit in hits]:
            return time.perf_counter() - started
        if time.perf_counter() - started > patience_s:
            raise RuntimeError(f"{path} is {row['state']} and no search finds it: {hits}")


if __name__ == "__main__":
    sys.exit(main())
