"""Stage 1, on CPUs: rows to pixels. Fetch, limit, decode, hash, intern; a bad picture becomes a fault beside its neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from time import perf_counter

import numpy as np

from config.settings import Settings
from imagesearch.errors import ImageSearchError, StoreError
from imagesearch.images.decode import decode
from imagesearch.images.facts import facts
from imagesearch.stores.factory import Stores, open_stores
from imagesearch.stores.sql.verdicts import Fault, Found, Interned
from imagesearch.types import IndexRow, LogRow, PictureFacts, PictureState, Pixels
from jobs.batch import Fresh, Prepared
from jobs.patience import patiently


@dataclass(frozen=True, slots=True)
class Picture:
    """A row's picture, read and prepared for the model."""

    row: LogRow
    facts: PictureFacts
    pixels: Pixels


class Fetcher:
    """Owns the clients and threads of one fetching process.

    Opened by `ready` rather than by the constructor: Ray hands on the errors of a method, not those of a constructor.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._threads = ThreadPoolExecutor(settings.load.fetch_threads, thread_name_prefix="fetch")

    @cached_property
    def _stores(self) -> Stores:
        return open_stores(self._settings)

    def ready(self) -> None:
        """Open what the stage needs. Raises ConfigError, ModelError."""
        self._stores  # noqa: B018 - opened by being asked for

    def prepare(self, rows: Sequence[LogRow]) -> Prepared:
        """Read the rows' pictures and give each distinct content its milvus_id.

        A fault of one picture is a value; raises StoreUnavailable, StoreBusy when SQL stays away longer than load.store_retry_s.
        """
        started = perf_counter()
        pictures: list[Picture] = []
        faults: list[Fault] = []
        for row, result in zip(rows, self._threads.map(self._read, rows), strict=True):
            if isinstance(result, Picture):
                pictures.append(result)
            else:
                faults.append(Fault(row, result))
        wanted = [(picture.row.namespace, picture.facts) for picture in pictures]
        interned = patiently(lambda: self._stores.ledger.intern(wanted), self._settings.load.store_retry_s)
        return sort_out(pictures, interned, faults, perf_counter() - started)

    def _read(self, row: LogRow) -> Picture | ImageSearchError:
        try:
            data = self._stores.sources.read(row.image_path)
            decoded = decode(data, self._settings.images, self._stores.preprocess.at_least)
            return Picture(row, facts(data, decoded), self._stores.preprocess(decoded.rgb))
        except StoreError:
            raise
        except ImageSearchError as exc:
            return exc


def sort_out(
    pictures: Sequence[Picture], interned: dict[tuple[str, str], Interned], faults: list[Fault], seconds: float
) -> Prepared:
    """Part what must be embedded from what is known; rows of one content share one forward pass."""
    known: list[Found] = []
    fresh: dict[int, list[Picture]] = {}
    for picture in pictures:
        one = interned[picture.row.namespace, picture.facts.content_hash]
        if one.state is PictureState.SEARCHABLE:
            known.append(Found(picture.row, one.milvus_id, embedded=False))
        else:
            fresh.setdefault(one.milvus_id, []).append(picture)
    targets = []
    for milvus_id, group in fresh.items():
        first = group[0]
        created = interned[first.row.namespace, first.facts.content_hash].create_time
        target = IndexRow(milvus_id, first.row.namespace, int(created.timestamp()))
        targets.append(Fresh(target, tuple(picture.row for picture in group)))
    pixels = np.stack([group[0].pixels for group in fresh.values()]) if fresh else np.empty((0, 0, 0, 3), np.uint8)
    return Prepared(targets, pixels, known, faults, seconds)
