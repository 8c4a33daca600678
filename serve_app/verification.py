"""Holds the first hits of a search against its picture, as many as the time allows."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterator, Sequence
from time import perf_counter
from typing import Literal

from imagesearch.errors import ImageError, InputError, SourceError
from imagesearch.images.decode import decode
from imagesearch.images.features import SIDE, Features, features_of
from imagesearch.images.overlap import Overlap, overlap
from imagesearch.keys import Key
from imagesearch.metrics import VERIFIED
from imagesearch.types import CatalogEntry
from serve_app.groups import Group
from serve_app.known_features import KnownFeatures
from serve_app.queries import Region
from serve_app.query_vectors import QueryPicture, within
from serve_app.services import Services

Verify = bool | Literal["auto"]
DEFAULTS: dict[str, Verify] = {"never": False, "auto": "auto", "always": True}


class Verification:
    """Verifies hits; its threads are its own, so that a search without it never waits for one with it."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._settings = services.verify
        self._known = KnownFeatures(services)

    def wanted(self, asked: Verify | None, picture: QueryPicture | None) -> Verify:
        """Say whether hits are to be verified. Raises InputError where the caller asks for it and there is no one picture."""
        if picture is None and asked is True:
            message = "needs one picture to search by, not a vector, a text or several"
            raise InputError(f"verify: {message}", errors=[{"field": "verify", "message": message}])
        if picture is None:
            return False
        return DEFAULTS[self._settings.default] if asked is None else asked

    def clear(self, groups: Sequence[Group]) -> bool:
        """Say whether the first hit is the one without looking closer: it is very near, and the second is not."""
        scores = [group.first.score for group in groups[:2]]
        if not scores or scores[0] < self._settings.clear_score:
            return not scores
        return len(scores) == 1 or scores[0] - scores[1] >= self._settings.clear_margin

    async def of(self, picture: QueryPicture, groups: Sequence[Group], caller: Key) -> dict[int, Overlap]:
        """Return what the first hits have in common with the query, by milvus_id: of those for which there was time.

        A hit whose picture cannot be had or read is left out; where that is the query's own, all are.
        Raises UnknownImage, StoreError, Overloaded.
        """
        ends = perf_counter() + self._settings.budget_ms / 1000
        ids = [group.first.milvus_id for group in groups[: self._settings.candidates]]
        entries = await self._services.sql.run(self._services.stores.catalog.entries, ids)
        try:
            query = await self._query(picture, caller)
        except (SourceError, ImageError):
            # A stored picture is searched by its vector, also where its bytes are gone.
            return {}
        found: dict[int, Overlap] = {}
        waiting = iter([entries[one] for one in ids if one in entries])
        tasks = [asyncio.create_task(self._verify(query, waiting, found, ends)) for _ in range(self._settings.threads)]
        try:
            _, late = await asyncio.wait(tasks, timeout=max(ends - perf_counter(), 0))
        finally:
            # Also where the caller gave up: what has not begun is dropped.
            for task in tasks:
                task.cancel()
        for task in tasks:
            if task not in late and (error := task.exception()) is not None:
                raise error
        self._services.meter.record(VERIFIED, len(found))
        return dict(found)

    async def _verify(self, query: Features, waiting: Iterator[CatalogEntry], found: dict[int, Overlap], ends: float) -> None:
        """Verify one after the other, nearest first; several of these share what waits."""
        for entry in waiting:
            if perf_counter() >= ends:
                return
            try:
                target = await self._known.of(entry)
            except (SourceError, ImageError):
                continue
            found[entry.milvus_id] = await self._services.pools["verify"].run(overlap, query, target)

    async def _query(self, picture: QueryPicture, caller: Key) -> Features:
        if picture.data is None:
            return await self._known.of(await self._services.entry(picture.milvus_id or 0, caller))
        return await self._services.pools["verify"].run(self._prepare, picture.data, picture.region)

    def _prepare(self, data: bytes, region: Region | None) -> Features:
        if region is None:
            return features_of(decode(data, self._services.images, SIDE).rgb)
        decoded = decode(data, self._services.images, math.ceil(SIDE / min(region.w, region.h)))
        left, top, right, bottom = within(decoded.area, region)
        box = math.floor(left), math.floor(top), math.ceil(right), math.ceil(bottom)
        return features_of(decoded.rgb.crop(box))
