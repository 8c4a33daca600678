"""Whether a few pictures among many are better looked for in the index or compared one by one; `python -m benchmarks.filtered`.

Fills Milvus Lite and the real Milvus 2.3.5 with random vectors, the hardest case for an approximate index, and asks for the 10
nearest among some of them in both ways: a search that the index restricts to their ids, and fetching their vectors. The server is
asked twice, while its rows are fresh and once they are settled in indexed segments. Prints a table and a line of JSON; writes
results/filtered.json.
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.ranking import ExactRanking
from benchmarks.servers.milvus import MilvusLite, MilvusServer
from cli.console import Output, cell, table
from config.sections import MilvusSettings
from imagesearch.stores.milvus.collection import search_params
from imagesearch.stores.milvus.index import MilvusIndex
from imagesearch.types import Fingerprint, IndexRow, Vector, Vectors

RESULTS = Path(__file__).parent / "results" / "filtered.json"
TOP_K = 10
DIM = 1280
MATCHING = (1, 10, 100, 1000, 5000)
TIMES = 5
# Lite builds its index, and a server seals and indexes its segments, in the background.
SETTLE_S = 60


@dataclass(frozen=True, slots=True)
class Line:
    """One comparison: milliseconds, and the share of the exact nearest that was found."""

    store: str
    pictures: int
    matching: int
    restricted_ms: float
    restricted_found: float
    compared_ms: float
    compared_found: float


def main(argv: list[str] | None = None) -> int:
    """Measure; exit code 0, whatever the figures say."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.filtered", description=__doc__)
    parser.add_argument("--pictures", type=int, default=20_000)
    options = parser.parse_args(argv)
    output = Output(as_json=False)
    vectors = unit(options.pictures)
    lines = [line for name, index in stores(vectors) for line in measure(name, index, vectors)]
    command = shlex.join(["python", "-m", "benchmarks.filtered", *(sys.argv[1:] if argv is None else argv)])
    report(lines, command, output)
    return 0


def unit(count: int) -> Vectors:
    """Return random vectors of length 1."""
    vectors = np.random.default_rng(0).normal(size=(count, DIM)).astype(np.float32)
    normalised: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return normalised


def stores(vectors: Vectors) -> Iterator[tuple[str, MilvusIndex]]:
    """Yield each index, filled; vector number n has the id n."""
    with opened(MilvusLite, vectors) as index:
        time.sleep(SETTLE_S)
        yield "Milvus Lite", index
    with opened(MilvusServer, vectors) as index:
        yield "Milvus 2.3.5, fresh", index
        with index._client() as client:
            client.flush(index.collection)
        time.sleep(SETTLE_S)
        yield "Milvus 2.3.5, settled", index


@contextmanager
def opened(kind: type[MilvusLite] | type[MilvusServer], vectors: Vectors) -> Iterator[MilvusIndex]:
    """Start a server with the vectors in a collection of the default index, HNSW."""
    with TemporaryDirectory(prefix="filtered") as home:
        server = kind(Path(home))
        server.start()
        index = MilvusIndex(MilvusSettings(uri=server.uri, timeout_s=60), Fingerprint("random", uuid.uuid4().hex, "none", DIM))
        try:
            for start in range(0, len(vectors), 1000):
                part = vectors[start : start + 1000]
                index.upsert([IndexRow(start + place, "default", 0) for place in range(len(part))], part)
            yield index
        finally:
            index.close()
            server.stop()


def measure(store: str, index: MilvusIndex, vectors: Vectors) -> Iterator[Line]:
    """Compare both ways on samples of each size."""
    random = np.random.default_rng(1)
    query: Vector = unit(len(vectors) + 1)[-1]
    for matching in MATCHING:
        if matching > len(vectors):
            return
        ids = sorted(random.choice(len(vectors), matching, replace=False).tolist())
        exact = ExactRanking({one: vectors[one] for one in ids})
        restricted_ms, hits = timed(lambda ids=ids: restricted(index, query, ids))
        compared_ms, fetched = timed(lambda ids=ids: compared(index, query, ids))
        shares = [exact.agreement(query, found, min(TOP_K, matching)) for found in (hits, fetched)]
        yield Line(store, len(vectors), matching, restricted_ms, shares[0], compared_ms, shares[1])


def restricted(index: MilvusIndex, query: Vector, ids: list[int]) -> list[int]:
    """Let Milvus search among the ids."""
    with index._client() as client:
        (hits,) = client.search(
            index.collection,
            data=[query],
            anns_field="feature",
            filter=f"milvus_id in {ids}",
            limit=TOP_K,
            search_params=search_params(index._settings, index._settings.metric, TOP_K),
            consistency_level="Bounded",
        )
    return [int(hit.get("milvus_id", hit.get("id"))) for hit in hits]


def compared(index: MilvusIndex, query: Vector, ids: list[int]) -> list[int]:
    """Fetch the vectors and compare them here."""
    return [one for one, _ in sorted(index.fetch(ids).items(), key=lambda pair: -float(pair[1] @ query))[:TOP_K]]


def timed(call: Callable[[], list[int]]) -> tuple[float, list[int]]:
    """Return the median of some calls in milliseconds, after one that does not count, and what the last returned."""
    call()
    took = []
    for _ in range(TIMES):
        started = time.perf_counter()
        found = call()
        took.append(1000 * (time.perf_counter() - started))
    return round(median(took), 1), found


def report(lines: list[Line], command: str, output: Output) -> None:
    """Print the figures as a table and as one line of JSON, and write them to results/filtered.json."""
    names = ("store", "matching", "restricted ms", "found", "compared ms", "found")
    shown = table(*names, numbers=names[1:])
    for line in lines:
        figures = (line.restricted_ms, f"{line.restricted_found:.2f}", line.compared_ms, f"{line.compared_found:.2f}")
        shown.add_row(*map(cell, (line.store, line.matching, *figures)))
    output.show(shown)
    recorded = [asdict(line) | {"command": command} for line in lines]
    sys.stdout.write(json.dumps(recorded) + "\n")
    RESULTS.write_text(json.dumps(recorded, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
