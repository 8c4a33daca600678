"""Stage 3: vectors into Milvus, then one SQL transaction that makes the batch final."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial, reduce
from operator import add
from time import perf_counter

from config.settings import Settings
from imagesearch.stores.clients import open_hashes, open_index, open_ledger
from imagesearch.stores.milvus.hashes import HashIndex
from imagesearch.stores.milvus.index import MilvusIndex
from imagesearch.stores.patience import patiently
from imagesearch.stores.sql.database import Database
from imagesearch.stores.sql.verdicts import Fault, Found
from imagesearch.types import Fingerprint, IndexProgress
from jobs.batch import Embedded, Outcome, Prepared


class Writer:
    """Owns the clients of one writing process: SQL, and Milvus's collection of the model that the vectors come from."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._ledger = open_ledger(settings, Database(settings.sql))
        self._hashes = open_hashes(settings)
        self._indexes: dict[Fingerprint, MilvusIndex] = {}
        self._sealed: set[str] = set()

    def ready(self) -> None:
        """Have nothing more to open: all clients connect on first use."""

    def write(self, batch: Prepared, embedded: Embedded | None) -> Outcome:
        """Upsert the vectors and hashes, then commit the rows: in this order, so that no row is final before its picture is found.

        A batch without fresh pictures has no vectors. Raises StoreUnavailable, StoreBusy when a store stays away longer than
        load.store_retry_s; the rows stay pending.
        """
        load = self._settings.load
        started = perf_counter()
        found, faults, targets = batch.known, batch.faults, []
        if embedded is not None:
            good = [place for place in range(len(batch.fresh)) if place not in embedded.failed]
            targets = [batch.fresh[place].target for place in good]
            patiently(partial(self._index(embedded.fingerprint).upsert, targets, embedded.vectors[good]), load.store_retry_s)
            if self._hashes is not None:
                hashes = [batch.fresh[place].perceptual_hash for place in good]
                patiently(partial(self._hashes.upsert, targets, hashes), load.store_retry_s)
            found = found + [
                Found(row, fresh.target.milvus_id, embedded=True, create_time=fresh.target.create_time)
                for fresh in map(batch.fresh.__getitem__, good)
                for row in fresh.rows
            ]
            faults = faults + [Fault(row, error) for place, error in embedded.failed.items() for row in batch.fresh[place].rows]
        upserted = perf_counter()
        tally = patiently(partial(self._ledger.commit, found, faults, load.max_attempts, load.backoff_s), load.store_retry_s)
        stages = {
            "fetch": batch.seconds,
            "embed": embedded.seconds if embedded is not None else 0.0,
            "upsert": upserted - started,
            "commit": perf_counter() - upserted,
        }
        return Outcome(tally, len(targets), embedded.fingerprint if targets and embedded else None, stages)

    def progress(self, models: Collection[Fingerprint]) -> IndexProgress:
        """Say how far the indexes of these models' vectors are, and that of the hashes. Raises StoreError."""
        indexes: list[MilvusIndex | HashIndex] = [*map(self._index, models), *([] if self._hashes is None else [self._hashes])]
        for index in indexes:
            if index.collection not in self._sealed:
                index.seal()
                self._sealed.add(index.collection)
        return reduce(add, [index.progress() for index in indexes])

    def _index(self, fingerprint: Fingerprint) -> MilvusIndex:
        if fingerprint not in self._indexes:
            self._indexes[fingerprint] = open_index(self._settings, fingerprint)
        return self._indexes[fingerprint]
