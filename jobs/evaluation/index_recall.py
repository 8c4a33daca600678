"""The index against the comparison with every vector: what it finds and how long that takes, by how far it looks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from time import perf_counter

import numpy as np

from imagesearch.quality.figure import Figure, mean
from imagesearch.stores.factory import Stores
from imagesearch.stores.milvus.collection import EFFORT
from imagesearch.types import CatalogEntry
from jobs.calibrate import LADDER, Query, moved, recall_of, true_answers

TOP_K = 10


@dataclass(frozen=True, slots=True)
class Step:
    """How an effort does, None as the index is set; the milliseconds are those of a search, the median and the 95th of 100."""

    effort: int | None
    recall: Figure
    p50_ms: float
    p95_ms: float


def index_recall(stores: Stores, kind: str, entries: Sequence[CatalogEntry], seed: int) -> Iterator[Step]:
    """Search by the sampled pictures' vectors, moved as jobs.calibrate does, as the index is set and with growing effort.

    Nothing is kept. Reads all vectors of the namespace once. Raises StoreError.
    """
    chance = np.random.default_rng(seed)
    namespaces = {entry.milvus_id: entry.namespace for entry in entries}
    vectors = stores.index.fetch(namespaces)
    drawn = [Query(moved(vectors[one], chance), namespaces[one]) for one in sorted(vectors)]
    true_answers(stores, drawn, TOP_K)
    ladder = [step for step in LADDER if kind != "HNSW" or step >= TOP_K] if kind in EFFORT else []
    for effort in (None, *ladder) if drawn else ():
        shares, times = [], []
        for query in drawn:
            started = perf_counter()
            shares.append(recall_of(stores, query, effort, TOP_K))
            times.append(1000 * (perf_counter() - started))
        p50, p95 = np.percentile(times, (50, 95))
        step = Step(effort, mean(shares), float(p50), float(p95))
        yield step
        if effort is not None and step.recall.value == 1.0:
            break
