"""From `serve deploy` on a node that runs to the first answer, by step; `python -m benchmarks.cold`.

Serve's dashboard tells what is there when. What the replica does until it is ready is done again in a process of its
own, which looks at the clock between. Prints a table and writes results/cold.json.
"""

from __future__ import annotations

import argparse
import json
import shlex
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from benchmarks.figures import Figure, figure, middle, record, shown
from benchmarks.pictures import photographs
from benchmarks.replicas import APPLICATION, details
from benchmarks.stack import NAMES, Stack, undeployed
from cli.console import Output
from cli.stack.serve import deploy
from config import Settings
from config.settings import PROJECT_ROOT
from imagesearch.errors import StoreUnavailable

SIZE = (640, 480)
CONTROLLER, BUILT, PROXY = "Serve's controller answers", "the application is built", "Serve's proxy is healthy"
ANSWER = "the first search is answered"
# What the replica does, in its order; a line says how long all before it since the last line took.
REPLICA = """
from serve_app.ingress import SearchIngress
say("imports")
from config import load_settings
settings = load_settings()
say("settings")
from imagesearch.stores.factory import open_stores
stores = open_stores(settings)
say("stores opened, weights found and hashed")
from imagesearch.models.load import located
from imagesearch.models.runtimes.backbone import chosen
chosen(located(settings.model, stores.s3), settings.model)
say("runtime chosen")
from imagesearch.models.load import open_encoders
from serve_app.passes import CPU_BATCH
encoder, _ = open_encoders(settings.model, stores.s3, CPU_BATCH)
say("model loaded and checked")
encoder.warm_up()
say("first pass")
stores.add_log.ping(), stores.index.ping()
say("stores connected")
"""
CLOCK = """
import json
from time import perf_counter
said, since = {}, perf_counter()
def say(name):
    global since
    now = perf_counter()
    said[name], since = now - since, now
"""


def main(argv: list[str] | None = None) -> int:
    """Measure; exit code 0 whatever the figures say."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cold", description=__doc__)
    parser.add_argument("--stores", choices=NAMES, default="embedded")
    parser.add_argument("--rounds", type=int, default=3, help="each on a node of its own")
    options = parser.parse_args(argv)
    command = shlex.join(["python", "-m", "benchmarks.cold", *(sys.argv[1:] if argv is None else argv)])
    output = Output(as_json=False)
    moments: dict[str, list[float]] = defaultdict(list)
    parts: dict[str, list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="bench-cold-") as folder:
        (query,) = photographs(Path(folder), 1, SIZE)
        more = {"IMAGESEARCH_MODEL__CACHE_DIR": f"{folder}/cache"}
        for number in range(options.rounds):
            with undeployed(options.stores, more) as (stack, settings):
                if number == 0:
                    # What a machine does once.
                    keep(parts, {f"{name}, first ever": s for name, s in taken_apart(stack, more).items()})
                keep(moments, passed(settings, query))
                keep(parts, taken_apart(stack, more))
            output.say(", ".join(f"{name} after {values[-1]:.1f} s" for name, values in moments.items()))
    figures = judged(moments, parts, NAMES[options.stores], command)
    output.show(shown(figures))
    record("cold", figures, {"command": command, "moments": moments, "parts": parts})
    return 0


def keep(kept: dict[str, list[float]], values: Mapping[str, float]) -> None:
    """Add a round's values."""
    for name, value in values.items():
        kept[name].append(round(value, 3))


def passed(settings: Settings, query: Path) -> dict[str, float]:
    """Deploy, search, and return the seconds until each thing was there for the first time, in the order in which they came."""
    seen: dict[str, float] = {}
    started, over = time.monotonic(), threading.Event()
    watcher = threading.Thread(target=watch, args=(settings, seen, started, over))
    watcher.start()
    try:
        deploy(settings, settings.http.port)
    finally:
        over.set()
        watcher.join()
    url = f"http://{settings.http.host}:{settings.http.port}/v1/search"
    httpx.post(url, files={"file": query.read_bytes()}, timeout=60, trust_env=False).raise_for_status()
    return {**seen, ANSWER: time.monotonic() - started}


def watch(settings: Settings, seen: dict[str, float], started: float, over: threading.Event) -> None:
    """Note when each thing is there, until all is over."""
    last = False
    while not last:
        # Once more after the end, which may have come between two looks.
        last = over.wait(0.1)
        try:
            told = details(settings)
        except StoreUnavailable:
            continue
        for name in there(told):
            seen.setdefault(name, time.monotonic() - started)


def there(told: Mapping[str, Any]) -> Sequence[str]:
    """Return what is there."""
    application = told.get("applications", {}).get(APPLICATION)
    found = [] if application is None else [CONTROLLER]
    if any(one["status"] == "HEALTHY" for one in told.get("proxies", {}).values()):
        found.append(PROXY)
    for name, deployment in (application or {}).get("deployments", {}).items():
        states = {one["state"] for one in deployment["replicas"]}
        found += [BUILT] + ([f"{name} is placed"] if states else []) + ([f"{name} is ready"] if "RUNNING" in states else [])
    return found


def taken_apart(stack: Stack, more: Mapping[str, str]) -> dict[str, float]:
    """Return the seconds of each step, in a process of its own."""
    command = [sys.executable, "-c", CLOCK + REPLICA + "print(json.dumps(said))"]
    environment = stack.environment(more)
    done = subprocess.run(command, cwd=PROJECT_ROOT, env=environment, capture_output=True, text=True, check=True)
    said: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return said


def judged(moments: Mapping[str, list[float]], parts: Mapping[str, list[float]], stores: str, command: str) -> list[Figure]:
    """Return the medians, in the order in which the time passes."""
    after = {name: middle(values) for name, values in moments.items()}
    figures = [
        figure(f"s from serve deploy until {name}, {stores}", after[name], command) for name in sorted(after, key=after.__getitem__)
    ]
    return figures + [figure(f"s of a replica: {name}", middle(values), command) for name, values in parts.items()]


if __name__ == "__main__":
    sys.exit(main())
