"""What a search by a vector costs as the collection grows; `python -m benchmarks.sizes`.

Milvus Lite and the real Milvus 2.3.5, filled with vectors in clusters, as those of pictures lie. At each size the ten nearest are
asked for while the last vectors are fresh, and, once the index is built, by the project's index and by the raw client in turns;
what they find is held against every vector compared one by one. Prints a table and writes results/sizes.json.
"""

from __future__ import annotations

import argparse
import shlex
import sys
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import numpy as np
from pymilvus import MilvusClient

from benchmarks.figures import Figure, figure, middle, record, shown
from benchmarks.ranking import ExactRanking
from benchmarks.search.limit import TOP_K, nearest
from benchmarks.servers.milvus import MilvusLite, MilvusServer
from cli.console import Output
from config.sections import MilvusSettings
from imagesearch.stores.milvus.collection import search_params
from imagesearch.stores.milvus.index import MilvusIndex
from imagesearch.types import Fingerprint, IndexRow, Vector, Vectors
from jobs.index_wait import await_built

STORES: dict[str, tuple[str, type[MilvusLite] | type[MilvusServer]]] = {
    "embedded": ("Milvus Lite", MilvusLite),
    "servers": ("Milvus 2.3.5", MilvusServer),
}
DIM = 1280
# Pictures are of some hundred kinds, and differ in far fewer ways than a vector has numbers.
CLUSTERS, WAYS, SPREAD = 300, 48, 0.6
BATCH = 1000
FRESH = 20
WAIT_S = 400.0


@dataclass(frozen=True, slots=True)
class Size:
    """What was measured at one size; milliseconds are medians, `found` the share of the true ten nearest."""

    vectors: int
    written_per_s: float
    fresh_ms: float
    built_s: float
    built: bool
    ours_ms: float
    raw_ms: float
    found: float


def main(argv: list[str] | None = None) -> int:
    """Measure; exit code 0 whatever the figures say."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sizes", description=__doc__)
    parser.add_argument("--stores", default="embedded,servers")
    parser.add_argument("--sizes", default="1000,10000,100000")
    parser.add_argument("--searches", type=int, default=200, help="searches by which each size is measured, each way")
    options = parser.parse_args(argv)
    command = shlex.join(["python", "-m", "benchmarks.sizes", *(sys.argv[1:] if argv is None else argv)])
    output = Output(as_json=False)
    sizes = sorted(int(word) for word in options.sizes.split(","))
    vectors = clustered(sizes[-1] + options.searches)
    stored, queries = vectors[: sizes[-1]], vectors[sizes[-1] :]
    measured: dict[str, list[Size]] = {}
    for kind in options.stores.split(","):
        name, server = STORES[kind]
        with opened(server) as (index, client):
            grown = Grown(index, client, stored, queries)
            measured[name] = []
            for size in sizes:
                measured[name].append(grown.to(size))
                output.say(f"{name}: {measured[name][-1]}")
    figures = [one for name, lines in measured.items() for one in judged(name, lines, command)]
    output.show(shown(figures))
    record("sizes", figures, {"command": command, "runs": {name: [asdict(one) for one in of] for name, of in measured.items()}})
    return 0


def clustered(count: int) -> Vectors:
    """Return vectors of length 1 around as many centres as there are kinds, in as many directions as there are ways to differ."""
    random = np.random.default_rng(0)
    ways = random.normal(size=(WAYS, DIM)).astype(np.float32)
    centres = random.normal(size=(CLUSTERS, WAYS)).astype(np.float32)
    around = SPREAD * random.normal(size=(count, WAYS)).astype(np.float32)
    vectors = (centres[random.integers(CLUSTERS, size=count)] + around) @ ways
    normalised: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return normalised


@contextmanager
def opened(kind: type[MilvusLite] | type[MilvusServer]) -> Iterator[tuple[MilvusIndex, MilvusClient]]:
    """Start a server with an empty collection of the default index, HNSW; return it and a client of its own."""
    with TemporaryDirectory(prefix="bench-sizes-") as home:
        server = kind(Path(home))
        server.start()
        try:
            fingerprint = Fingerprint("sizes", uuid.uuid4().hex, "none", DIM)
            index = MilvusIndex(MilvusSettings(uri=server.uri, timeout_s=60), fingerprint)
            index.count()
            client = MilvusClient(server.uri, dedicated=True)
            yield index, client
            client.close()
            index.close()
        finally:
            server.stop()


class Grown:
    """A collection that grows; vector number n has the id n."""

    def __init__(self, index: MilvusIndex, client: MilvusClient, stored: Vectors, queries: Vectors) -> None:
        self._index, self._client = index, client
        self._stored, self._queries = stored, queries
        self._params = search_params(MilvusSettings(uri=""), "COSINE", TOP_K)
        self._size = 0

    def to(self, size: int) -> Size:
        """Write what lacks, and measure."""
        added, began = size - self._size, perf_counter()
        for start in range(self._size, size, BATCH):
            part = self._stored[start : min(start + BATCH, size)]
            self._index.upsert([IndexRow(start + place, "default", 0) for place in range(len(part))], part)
        self._size = size
        written = perf_counter()
        fresh = [timed(lambda vector=vector: self._ours(vector)) for vector in self._queries[:FRESH]]
        self._index.seal()
        built = await_built(lambda _: self._index.progress(), WAIT_S, threading.Event())
        built_s = perf_counter() - written
        ours, raw = self._in_turns()
        exact = ExactRanking(dict(enumerate(self._stored[:size])))
        found = [exact.agreement(vector, self._ours(vector), TOP_K) for vector in self._queries[:50]]
        return Size(
            size,
            round(added / (written - began), 1),
            round(middle(fresh), 2),
            round(built_s, 1),
            built,
            round(middle(ours), 2),
            round(middle(raw), 2),
            round(float(np.mean(found)), 4),
        )

    def _in_turns(self) -> tuple[list[float], list[float]]:
        ours: list[float] = []
        raw: list[float] = []
        for vector in self._queries[:FRESH]:
            self._ours(vector)
            self._raw(vector)
        for vector in self._queries:
            ours.append(timed(lambda vector=vector: self._ours(vector)))
            raw.append(timed(lambda vector=vector: self._raw(vector)))
        return ours, raw

    def _ours(self, vector: Vector) -> list[int]:
        return [hit.milvus_id for hit in self._index.search(vector, TOP_K, "default")]

    def _raw(self, vector: Vector) -> object:
        return nearest(self._client, self._index.collection, vector, self._params)


def timed(call: Callable[[], object]) -> float:
    """Return the milliseconds that a call took."""
    began = perf_counter()
    call()
    return 1000 * (perf_counter() - began)


def judged(name: str, lines: Sequence[Size], command: str) -> list[Figure]:
    """Return what is told of one store."""
    figures: list[Figure] = []
    for one in lines:
        what = f"{one.vectors:,} vectors, {name}"
        figures.append(figure(f"ms a search by vector, p50, {what}: our index, the raw client", one.ours_ms, command, one.raw_ms))
        figures.append(
            figure(f"ms a search, {what}: while they are fresh, once the index is built", one.fresh_ms, command, one.ours_ms)
        )
        figures.append(figure(f"s until the index is built, {what}", one.built_s, command))
        figures.append(figure(f"share of the 10 nearest that are found, {what}", one.found, command))
    return figures


if __name__ == "__main__":
    sys.exit(main())
