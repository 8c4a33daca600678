"""The limit and single clients in turns, where the machine's speed changes by the minute; `python -m benchmarks.search.turns`.

The first line of stdin is a JSON array of pictures' paths. Each further one is a number of seconds, for which it searches by
them, one after the other, and prints a line of JSON: the milliseconds of each. With a URL it asks the service there, without
one it is the limit.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

import aiohttp

from benchmarks.search.clients import ask
from benchmarks.search.limit import Bare
from config import load_settings
from config.settings import PROJECT_ROOT

# What comes first in a turn finds nothing in the processor's caches.
LEFT_OUT = 3


@contextmanager
def in_turns(environment: Mapping[str, str], pictures: Sequence[str], *url: str) -> Iterator[Callable[[float], list[float]]]:
    """Start a process, and give a function that has it search for so many seconds and returns the milliseconds of each search."""
    command = [sys.executable, "-m", "benchmarks.search.turns", *url]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, cwd=PROJECT_ROOT, env=dict(environment), text=True, bufsize=1, **pipes) as process:
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("the process has no pipes")
        stdin, stdout = process.stdin, process.stdout

        def searched(seconds: float) -> list[float]:
            stdin.write(f"{seconds}\n")
            times: list[float] = json.loads(stdout.readline())
            return times

        stdin.write(json.dumps(list(pictures)) + "\n")
        yield searched
        stdin.close()


def main() -> int:
    """Search whenever it is asked, until nobody asks any more."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.search.turns", description=__doc__)
    parser.add_argument("url", nargs="?")
    url = parser.parse_args().url
    paths = json.loads(sys.stdin.readline())
    if url is not None:
        asyncio.run(ask_in_turns(f"{url}/v1/search", [(path, Path(path).read_bytes()) for path in paths]))
        return 0
    bare = Bare(load_settings())
    pictures = [Path(path).read_bytes() for path in paths]
    for line in iter(sys.stdin.readline, ""):
        print(json.dumps(alone(bare, pictures, float(line))), flush=True)
    return 0


def alone(bare: Bare, pictures: list[bytes], seconds: float) -> list[float]:
    """Return the milliseconds of searches one after the other, the first ones left out."""
    for data in pictures[:LEFT_OUT]:
        bare.by_picture(data)
    times: list[float] = []
    end = perf_counter() + seconds
    for data in itertools.cycle(pictures):
        began = perf_counter()
        if began > end:
            return times
        bare.by_picture(data)
        times.append(1000 * (perf_counter() - began))
    return times


async def ask_in_turns(url: str, pictures: list[tuple[str, bytes]]) -> None:
    """Be one caller, who has nothing else to do in between."""
    turn = itertools.cycle(pictures)
    async with aiohttp.ClientSession() as session:
        for line in iter(sys.stdin.readline, ""):
            times: dict[str, list[float]] = defaultdict(list)
            begun = perf_counter()
            await ask(session, url, turn, times, begun, begun + float(line))
            print(json.dumps(times["200"][LEFT_OUT:]), flush=True)


if __name__ == "__main__":
    sys.exit(main())
