"""Fits searches to the collection; `python -m jobs.calibrate [--index] [--join]`, both where neither is named.

The index: how much of the true answer it finds, by how far it looks. Stored pictures are drawn by chance, their vectors moved
a little as an edit would, and searched by with growing effort; the truth is every vector of their namespace compared one by
one. What is measured is kept in SQL, where searches that ask for a `recall` find the least effort that reaches it. Prints a
line of JSON for each effort.

The join of evidence, by which hits that are verified are told: it is learned anew on edited copies of stored pictures, and
kept in SQL where it is better on others than the one in force. Prints a line of JSON that says what both are worth.
"""

from __future__ import annotations

import argparse
import json
import logging
import random
import re
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime

import numpy as np

from config import Settings, load_settings
from imagesearch.filters import Filter
from imagesearch.stores.factory import Stores, open_stores
from imagesearch.stores.milvus.collection import EFFORT
from imagesearch.types import DEFAULT_NAMESPACE, NAMESPACE_PATTERN, Calibrated, CatalogEntry, Vector, Vectors
from jobs.edge import job_edge

logger = logging.getLogger(__name__)

# What is tried, beginning with what is asked for at least.
LADDER = (10, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 1024)
# How far a query lies from its stored picture: a cosine of 0.89 on average, as a hard crop gives.
NOISE = 0.5
PAGE = 1000


@dataclass(slots=True)
class Query:
    """A vector to search by, and the true answer as far as it is known."""

    vector: Vector
    namespace: str
    scores: np.ndarray = field(default_factory=lambda: np.empty(0, np.float32))
    ids: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))

    def meet(self, ids: np.ndarray, vectors: Vectors, top_k: int) -> None:
        """Take some stored vectors into account."""
        scores = np.concatenate([self.scores, vectors @ self.vector])
        every = np.concatenate([self.ids, ids])
        best = np.argsort(-scores, kind="stable")[:top_k]
        self.scores, self.ids = scores[best], every[best]


def calibrate(settings: Settings, queries: int, top_k: int, say: Callable[[Calibrated], None], seed: int = 0) -> list[Calibrated]:
    """Measure, keep and return. An index that always looks at everything has nothing to measure. Raises StoreError."""
    with closing(open_stores(settings)) as stores:
        kind, collection = settings.milvus.index, stores.fingerprint.collection
        drawn = _drawn(stores, queries, seed) if kind in EFFORT else []
        vectors = true_answers(stores, drawn, top_k)
        measured: list[Calibrated] = []
        for effort in (step for step in LADDER if drawn and step >= (top_k if kind == "HNSW" else 0)):
            recall = float(np.mean([recall_of(stores, query, effort, top_k) for query in drawn]))
            measured.append(Calibrated(effort, recall, top_k, len(drawn), vectors, datetime.now(UTC)))
            say(measured[-1])
            if recall == 1.0:
                break
        stores.calibrations.replace(collection, kind, measured)
    return measured


def _drawn(stores: Stores, queries: int, seed: int) -> list[Query]:
    """Draw searchable pictures by chance, and move their vectors."""
    chance = random.Random(seed)  # noqa: S311 - a sample that can be drawn again, no secret
    noise = np.random.default_rng(seed)
    every = stores.catalog.bounds()
    if every is None:
        return []
    entries = [stores.catalog.first_from(chance.randint(*every)) for _ in range(queries)]
    by_id: dict[int, CatalogEntry] = {entry.milvus_id: entry for entry in entries if entry is not None}
    drawn = []
    for milvus_id, vector in stores.index.fetch(by_id).items():
        drawn.append(Query(moved(vector, noise), by_id[milvus_id].namespace))
    return drawn


def moved(vector: Vector, chance: np.random.Generator) -> Vector:
    """Return a vector as far from this one as a hard edit would bring it."""
    drawn = chance.standard_normal(len(vector)).astype(np.float32)
    there = vector + NOISE * drawn / np.linalg.norm(drawn)
    return (there / np.linalg.norm(there)).astype(np.float32)


def true_answers(stores: Stores, drawn: list[Query], top_k: int) -> int:
    """Compare each query with every vector of its namespace; return how many vectors there are."""
    count = 0
    for namespace in sorted({query.namespace for query in drawn}):
        asking = [query for query in drawn if query.namespace == namespace]
        for ids in stores.matches.walk(namespace, Filter(), PAGE):
            stored = stores.index.fetch(ids)
            count += len(stored)
            if stored:
                vectors = np.stack(list(stored.values()))
                for query in asking:
                    query.meet(np.fromiter(stored, np.int64), vectors, top_k)
    return count


def recall_of(stores: Stores, query: Query, effort: int | None, top_k: int) -> float:
    """Return the share of the true answer that a search of the index with this effort finds."""
    hits = stores.index.search(query.vector, top_k, query.namespace, effort=effort)
    return len({hit.milvus_id for hit in hits} & set(query.ids.tolist())) / max(1, len(query.ids))


def main(argv: list[str] | None = None) -> int:
    """Run the job; exit codes: 0 measured, 2 wrong use or settings, 3 a store is not reachable."""
    parser = argparse.ArgumentParser(prog="python -m jobs.calibrate", description=__doc__)
    parser.add_argument("--index", action="store_true", help="measure the index")
    parser.add_argument("--join", action="store_true", help="learn the join")
    parser.add_argument("--queries", type=int, default=100, help="pictures to search the index by")
    parser.add_argument("--top-k", type=int, default=10)
    parser.add_argument("--sample", type=int, default=90, help="pictures to learn the join on")
    parser.add_argument("--seed", type=int, default=0, help="draws other pictures to learn on")
    parser.add_argument("--namespace", default=DEFAULT_NAMESPACE, help="of the pictures to learn on")
    options = parser.parse_args(argv)
    if options.queries < 1 or not 1 <= options.top_k <= 1000 or options.sample < 1 or options.seed < 0:
        parser.error("--queries and --sample at least 1, --seed at least 0, --top-k between 1 and 1000")
    if not re.fullmatch(NAMESPACE_PATTERN, options.namespace):
        parser.error("--namespace: letters, digits and _ . - only")
    both = options.index == options.join

    def say(one: Calibrated) -> None:
        _say({**asdict(one), "create_time": one.create_time.isoformat()})

    def run(settings: Settings) -> int:
        if (options.index or both) and not calibrate(settings, options.queries, options.top_k, say):
            logger.info("nothing to measure: no pictures, or an index that always looks at everything (%s)", settings.milvus.index)
        if options.join or both:
            # scikit-learn takes a second to load.
            from jobs.learning.learn import learn

            def heard(done: int, of: int) -> None:
                logger.info("held copies of %d of %d pictures against others", done, of)

            outcome = learn(settings, options.namespace, options.sample, options.seed, heard)
            if outcome.version is None:
                logger.info("the join in force is kept: the learned one is not better on pictures that it has not seen")
            _say({"join": asdict(outcome)})
        return 0

    return job_edge(load_settings, run, job="calibrate")


def _say(line: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
