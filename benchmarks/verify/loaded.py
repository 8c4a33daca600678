"""Loads pictures by the stages of a load in this process, without Ray."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

from benchmarks import job
from config import Settings
from imagesearch.stores.factory import open_stores
from jobs.embed import Embedding
from jobs.fetch import Fetcher
from jobs.write import Writer

BATCH = 64


def loaded(settings: Settings, paths: Sequence[Path]) -> float:
    """Load the pictures and return the milliseconds that fetching and preparing one of them took.

    Raises RuntimeError where one of them could not be loaded.
    """
    job.append(settings, paths)
    stores = open_stores(settings)
    fetcher, embedding, writer = Fetcher(settings), Embedding(settings), Writer(settings)
    fetched = 0.0
    try:
        rows = stores.waiting.rows(stores.waiting.fresh(0, None, len(paths)))
        for start in range(0, len(rows), BATCH):
            began = perf_counter()
            prepared, pixels, _ = fetcher.prepare(rows[start : start + BATCH])
            fetched += perf_counter() - began
            outcome = writer.write(prepared, embedding.embed(pixels)[0])
            if outcome.tally.failed or outcome.tally.deferred:
                raise RuntimeError(f"not all pictures were loaded: {outcome.tally}")
    finally:
        stores.close()
    return 1000 * fetched / len(paths)
