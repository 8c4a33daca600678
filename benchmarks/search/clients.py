"""Callers of a running service, in a process of their own; `python -m benchmarks.search.clients URL --clients N < bodies`.

Each line of stdin is a request of POST /v1/search, or of another `--path`: a file's path or a JSON object. So many callers
take them in turn, each asking anew as soon as it was answered, for so many seconds. Prints a line of JSON: the milliseconds of the
answers by status, and the seconds that passed.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import Any

import aiohttp

TOP_K = "10"


def main() -> int:
    """Ask, and say how long the answers took."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.search.clients", description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--path", default="/v1/search")
    parser.add_argument("--clients", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--warm-up", type=float, default=1.0, help="seconds before them that do not count")
    options = parser.parse_args()
    lines = [line.strip() for line in sys.stdin if line.strip()]
    bodies = [(line, b"" if line.startswith("{") else Path(line).read_bytes()) for line in lines]
    print(json.dumps(asyncio.run(asked(options.url + options.path, bodies, options.clients, options.seconds, options.warm_up))))
    return 0


async def asked(url: str, bodies: list[tuple[str, bytes]], clients: int, seconds: float, warm_up: float) -> dict[str, Any]:
    """Return {seconds, ms: {status: [each]}}."""
    turn = itertools.cycle(bodies)
    times: dict[str, list[float]] = defaultdict(list)
    start = perf_counter() + warm_up
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=clients)) as session:
        await asyncio.gather(*(ask(session, url, turn, times, start, start + seconds) for _ in range(clients)))
    return {"seconds": seconds, "ms": times}


async def ask(
    session: aiohttp.ClientSession,
    url: str,
    turn: Iterator[tuple[str, bytes]],
    times: dict[str, list[float]],
    start: float,
    end: float,
) -> None:
    """Be one caller."""
    while (began := perf_counter()) < end:
        body, data = next(turn)
        if data:
            form = aiohttp.FormData({"top_k": TOP_K})
            form.add_field("file", data, filename="query.jpg")
            request: dict[str, Any] = {"data": form}
        else:
            request = {"data": body, "headers": {"Content-Type": "application/json"}}
        async with session.post(url, **request) as answer:
            await answer.read()
            # Whoever is told to come again later does, but not in the same instant.
            wait = float(answer.headers.get("Retry-After", 0))
        done = perf_counter()
        if start <= began and done <= end:
            times[str(answer.status)].append(1000 * (done - began))
        if wait:
            await asyncio.sleep(min(wait, max(0.0, end - done)))


if __name__ == "__main__":
    sys.exit(main())
