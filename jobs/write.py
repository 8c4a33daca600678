"""Stage 3: vectors into Milvus, then one SQL transaction that makes the batch final."""

from __future__ import annotations

from functools import cached_property
from time import perf_counter

from config.settings import Settings
from imagesearch.stores.factory import Stores, open_stores
from imagesearch.stores.sql.verdicts import Fault, Found
from jobs.batch import Embedded, Outcome, Prepared
from jobs.patience import patiently


class Writer:
    """Owns the clients of one writing process."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @cached_property
    def _stores(self) -> Stores:
        return open_stores(self._settings)

    def ready(self) -> None:
        """Open what the stage needs. Raises ConfigError, ModelError."""
        self._stores  # noqa: B018 - opened by being asked for

    def write(self, batch: Prepared, embedded: Embedded) -> Outcome:
        """Upsert the vectors, then commit the rows: in this order, so that no row is final before its vector is found.

        Raises StoreUnavailable, StoreBusy when a store stays away longer than load.store_retry_s; the rows stay pending.
        """
        load = self._settings.load
        good = [place for place in range(len(batch.fresh)) if place not in embedded.failed]
        found = batch.known + [
            Found(row, batch.fresh[place].target.milvus_id, embedded=True) for place in good for row in batch.fresh[place].rows
        ]
        faults = batch.faults + [Fault(row, error) for place, error in embedded.failed.items() for row in batch.fresh[place].rows]
        started = perf_counter()
        patiently(
            lambda: self._stores.index.upsert([batch.fresh[place].target for place in good], embedded.vectors[good]),
            load.store_retry_s,
        )
        upserted = perf_counter()
        tally = patiently(lambda: self._stores.ledger.commit(found, faults, load.max_attempts, load.backoff_s), load.store_retry_s)
        stages = {
            "fetch": batch.seconds,
            "embed": embedded.seconds,
            "upsert": upserted - started,
            "commit": perf_counter() - upserted,
        }
        return Outcome(tally, stages)
