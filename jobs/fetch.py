"""Stage 1, on CPUs: rows to pixels. Fetch, limit, decode, hash, intern; a bad picture becomes a fault beside its neighbours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from config.settings import Settings
from imagesearch.errors import ImageSearchError, StoreError
from imagesearch.images.decode import Decoded, decode
from imagesearch.images.facts import facts
from imagesearch.images.s3 import S3
from imagesearch.models.load import preprocess_of
from imagesearch.stores.clients import open_features, open_ledger, open_sources
from imagesearch.stores.patience import patiently
from imagesearch.stores.sql.database import Database
from imagesearch.stores.sql.verdicts import Fault, Found, Interned
from imagesearch.types import IndexRow, LogRow, PictureFacts, PictureState, PixelBatch, Pixels
from jobs.batch import Fresh, Prepared

if TYPE_CHECKING:
    from imagesearch.images.features import Reduced
    from imagesearch.images.kept_features import KeptFeatures


@dataclass(frozen=True, slots=True)
class Picture:
    """A row's picture, read and prepared for the model; `reduced`: its small copies, where its features are to be kept."""

    row: LogRow
    facts: PictureFacts
    pixels: Pixels
    reduced: Reduced | None = None


class Fetcher:
    """Owns the clients and threads of one fetching process: SQL and the pictures' sources; neither weights nor Milvus."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._preprocess = preprocess_of(settings.model)
        self._ledger = open_ledger(settings, Database(settings.sql))
        s3 = S3(settings.s3)
        self._sources = open_sources(settings, s3)
        self._features = open_features(settings, s3)
        self._threads = ThreadPoolExecutor(settings.load.fetch_threads, thread_name_prefix="fetch")

    def ready(self) -> None:
        """Have nothing more to open: all clients connect on first use."""

    def prepare(self, rows: Sequence[LogRow]) -> tuple[Prepared, PixelBatch, int]:
        """Read the rows' pictures and give each distinct content its milvus_id; the number is that of the pixels.

        The features of those that are to be embedded are kept, where the settings say so, before any row can become final.
        A fault of one picture is a value; raises StoreUnavailable, StoreBusy when a store stays away longer than
        load.store_retry_s.
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
        interned = patiently(lambda: self._ledger.intern(wanted), self._settings.load.store_retry_s)
        if self._features is not None:
            self._keep(self._features, pictures, interned)
        prepared, pixels = sort_out(pictures, interned, faults, started)
        return prepared, pixels, len(pixels)

    def _read(self, row: LogRow) -> Picture | ImageSearchError:
        try:
            data = self._sources.read(row.image_path)
            decoded = decode(data, self._settings.images, self._preprocess.at_least)
            reduced = None if self._features is None else self._reduced(data, decoded)
            return Picture(row, facts(data, decoded), self._preprocess(decoded.rgb, decoded.area), reduced)
        except StoreError:
            raise
        except ImageSearchError as exc:
            return exc

    def _reduced(self, data: bytes, decoded: Decoded) -> Reduced:
        # OpenCV takes a third of a second to load, which a load without features does not pay.
        from imagesearch.images.features import SIDE, reduced

        if self._preprocess.at_least < SIDE:
            decoded = decode(data, self._settings.images, SIDE)
        return reduced(decoded.rgb)

    def _keep(self, features: KeptFeatures, pictures: Sequence[Picture], interned: Mapping[tuple[str, str], Interned]) -> None:
        """Find and keep the features of each distinct content that is not searchable yet."""
        from imagesearch.images.features import found_in

        def keep(key: tuple[str, str], copies: Reduced) -> None:
            patiently(partial(features.put, *key, found_in(copies)), self._settings.load.store_retry_s)

        fresh = {
            key: picture.reduced
            for picture in pictures
            if picture.reduced is not None
            and interned[key := (picture.row.namespace, picture.facts.content_hash)].state is not PictureState.SEARCHABLE
        }
        for _ in self._threads.map(keep, fresh.keys(), fresh.values()):
            pass


def sort_out(
    pictures: Sequence[Picture], interned: dict[tuple[str, str], Interned], faults: list[Fault], started: float
) -> tuple[Prepared, PixelBatch]:
    """Part what must be embedded, with its pixels, from what is known; rows of one content share one forward pass."""
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
        targets.append(Fresh(target, first.facts.perceptual_hash, tuple(picture.row for picture in group)))
    pixels = np.stack([group[0].pixels for group in fresh.values()]) if fresh else np.empty((0, 0, 0, 3), np.uint8)
    return Prepared(targets, known, faults, perf_counter() - started), pixels
