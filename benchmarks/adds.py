"""How many adds a second the service accepts over HTTP, against plain inserts into the same database; `python -m benchmarks.adds`.

Prints a table and writes results/adds.json.
"""

from __future__ import annotations

import argparse
import itertools
import json
import shlex
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from time import perf_counter
from typing import Any

import httpx

from benchmarks.figures import Figure, figure, middle, record, shown
from benchmarks.stack import NAMES, Kind, serving
from cli.console import Output
from imagesearch.stores.sql.database import Database
from imagesearch.stores.sql.tables import image_add_log

BATCH = 1000
# At once: as many as one process of each kind likes best is not known beforehand.
CLIENTS = (1, 4)
OF_RAW = ">= 0.5"
COLUMNS = ("namespace", "image_path", "info", "state", "attempts", "create_time")
INFO = {"label": "photograph", "album": 17}

Sender = Callable[[int], None]


def main(argv: list[str] | None = None) -> int:
    """Measure; exit code 0 whatever the figures say."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.adds", description=__doc__)
    parser.add_argument("--stores", default="embedded,servers")
    parser.add_argument("--batches", type=int, default=24, help="of 1,000 rows, in each round")
    parser.add_argument("--singles", type=int, default=400, help="adds one by one, in each round")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args(argv)
    command = shlex.join(["python", "-m", "benchmarks.adds", *(sys.argv[1:] if argv is None else argv)])
    output = Output(as_json=False)
    figures: list[Figure] = []
    details: dict[str, dict[str, list[float]]] = {}
    for kind in options.stores.split(","):
        rates = measure(kind, options.rounds, options.batches, options.singles)
        details[NAMES[kind]] = rates
        raw, batch, single = (best(rates, what) for what in ("raw", "batch", "single"))
        figures.append(figure(f"adds/s, batches of 1,000, {NAMES[kind]}: HTTP, plain inserts", batch, command, raw, OF_RAW))
        figures.append(figure(f"adds/s, one a request, {NAMES[kind]}: HTTP, batches", single, command, batch))
    output.show(shown(figures))
    record("adds", figures, {"command": command, "rows_per_s": details})
    return 0


def measure(kind: Kind, rounds: int, batches: int, singles: int) -> dict[str, list[float]]:
    """Return the rows a second of each round, by what was done and by how many at once."""
    rates: dict[str, list[float]] = {}
    with serving(kind, {"IMAGESEARCH_MODEL__NAME": "tiny"}) as (_, settings):
        base = f"http://{settings.http.host}:{settings.http.port}"
        with httpx.Client(base_url=base, timeout=60, trust_env=False) as client, closing(Database(settings.sql)) as database:
            ways: dict[str, tuple[Sender, int, int]] = {
                "raw": (inserter(database), batches, BATCH),
                "batch": (poster(client, "/v1/images:batch", BATCH, batches * (rounds + 1) * len(CLIENTS)), batches, BATCH),
                "single": (poster(client, "/v1/images", 1, singles * (rounds + 1) * len(CLIENTS)), singles, 1),
            }
            for number in range(-1, rounds):
                for clients, (what, (send, calls, rows)) in itertools.product(CLIENTS, ways.items()):
                    rate = calls * rows / timed(send, calls, clients)
                    # The first round warms connections and caches, on both sides.
                    if number >= 0:
                        rates.setdefault(f"{what} x {clients}", []).append(round(rate, 1))
    return rates


def best(rates: dict[str, list[float]], what: str) -> float:
    """Return the median of the number of clients that went best."""
    return max(middle(part) for name, part in rates.items() if name.startswith(f"{what} "))


def timed(send: Sender, calls: int, clients: int) -> float:
    """Return the seconds that the calls took, so many at once."""
    with ThreadPoolExecutor(clients) as pool:
        started = perf_counter()
        list(pool.map(send, range(calls)))
        return perf_counter() - started


def poster(client: httpx.Client, url: str, rows: int, calls: int) -> Sender:
    """Return what posts one of `calls` bodies made beforehand: writing JSON is not the service's work."""
    numbers = itertools.count()
    bodies = iter([_body(rows, numbers) for _ in range(calls)])
    headers = {"Content-Type": "application/json"}

    def send(_: int) -> None:
        answer = client.post(url, content=next(bodies), headers=headers)
        if answer.status_code != httpx.codes.ACCEPTED or b'"error"' in answer.content:
            raise RuntimeError(f"{url} answered {answer.status_code}: {answer.text[:1000]}")

    return send


def inserter(database: Database) -> Sender:
    """Return what inserts 1,000 rows of the add-log by the driver's own means, in one transaction."""
    mark = "?" if database.engine.dialect.name == "sqlite" else "%s"
    statement = f"INSERT INTO {image_add_log.name} ({', '.join(COLUMNS)}) VALUES ({', '.join([mark] * len(COLUMNS))})"
    info = json.dumps(INFO)

    def send(number: int) -> None:
        now = datetime.now(UTC).replace(tzinfo=None).isoformat(" ")
        rows = [("default", _path(number * BATCH + n), info, "pending", 0, now) for n in range(BATCH)]
        with database.write() as connection:
            connection.exec_driver_sql(statement, rows)

    return send


def _body(rows: int, numbers: Iterator[int]) -> bytes:
    items = [{"image_path": _path(next(numbers)), "info": INFO} for _ in range(rows)]
    message: Any = items[0] if rows == 1 else {"images": items}
    return json.dumps(message).encode()


def _path(number: int) -> str:
    return f"s3://pictures/2026/11/{number // 1000:06d}/{number:012d}.jpg"


if __name__ == "__main__":
    sys.exit(main())
