"""Searches that come whether or not the service keeps up, in a process of their own.

`python -m benchmarks.search.offered URL --per-s N --seconds S < paths`: each line of stdin is a picture's file; so many searches a
second begin, for so many seconds, each answered or not, and none is repeated. As soon as the last one has begun one client
searches by itself, one search after the other. Prints a line of JSON: `offered`, each with when it was to begin and how it ended,
and `alone`, the client's, with seconds counted from the end of the load.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter

import aiohttp
import httpx

TOP_K = "10"
# Longer than whatever the service gives itself: what has no answer by then is lost.
PATIENCE_S = 150.0


@dataclass(frozen=True, slots=True)
class Told:
    """One search: when it was to begin, its status or what went wrong, its milliseconds from then, and its Retry-After."""

    at_s: float
    status: str
    ms: float
    retry_after: str | None


def main() -> int:
    """Offer, and say what came of it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.search.offered", description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--per-s", type=float, default=0.0)
    parser.add_argument("--seconds", type=float, default=0.0)
    parser.add_argument("--alone", type=float, default=20.0, help="seconds of the one client")
    options = parser.parse_args()
    pictures = [Path(line.strip()).read_bytes() for line in sys.stdin if line.strip()]
    sys.stdout.write(json.dumps(asyncio.run(offered(options.url, pictures, options.per_s, options.seconds, options.alone))) + "\n")
    return 0


async def offered(url: str, pictures: list[bytes], per_s: float, seconds: float, alone_s: float) -> dict[str, object]:
    """Return {offered: [Told], alone: [Told]}."""
    turn = itertools.cycle([body(picture) for picture in pictures])
    connector, patience = aiohttp.TCPConnector(limit=0), aiohttp.ClientTimeout(PATIENCE_S)
    async with aiohttp.ClientSession(url, connector=connector, timeout=patience) as session:
        began = perf_counter()
        asked: list[asyncio.Task[Told]] = []
        for number in range(round(per_s * seconds)):
            due = began + number / per_s
            await asyncio.sleep(max(0.0, due - perf_counter()))
            asked.append(asyncio.create_task(ask(session, *next(turn), due, began)))
        ended = perf_counter()
        alone: list[Told] = []
        while (now := perf_counter()) < ended + alone_s:
            alone.append(await ask(session, *next(turn), now, ended))
        return {"offered": [asdict(one) for one in await asyncio.gather(*asked)], "alone": [asdict(one) for one in alone]}


def body(picture: bytes) -> tuple[bytes, str]:
    """Return a form and its content type: made once, since whoever asks has little of the machine, too."""
    files = {"file": ("query.jpg", picture, "image/jpeg")}
    request = httpx.Request("POST", "http://service", files=files, data={"top_k": TOP_K})
    return request.read(), request.headers["Content-Type"]


async def ask(session: aiohttp.ClientSession, data: bytes, kind: str, due: float, origin: float) -> Told:
    """Search once; what it waited to be sent counts, too."""
    try:
        async with session.post("/v1/search", data=data, headers={"Content-Type": kind}) as answer:
            await answer.read()
            status, wait = str(answer.status), answer.headers.get("Retry-After")
    except (aiohttp.ClientError, TimeoutError) as exc:
        status, wait = type(exc).__name__, None
    return Told(round(due - origin, 4), status, round(1000 * (perf_counter() - due), 2), wait)


if __name__ == "__main__":
    sys.exit(main())
