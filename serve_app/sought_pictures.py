"""The picture that a search verifies its hits by: what is known of it at once, and what takes longer to find."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

from imagesearch.images.alignment import Sought
from imagesearch.images.decode import decode
from imagesearch.images.features import SIDE, Reduced, bare, found_in, reduced
from imagesearch.images.hashes import perceptual_hash
from imagesearch.keys import Key
from imagesearch.types import CatalogEntry
from serve_app.known_features import KnownFeatures
from serve_app.letting_go import let_go
from serve_app.query_vectors import QueryPicture, within
from serve_app.services import Services


@dataclass(frozen=True, slots=True)
class SoughtPicture:
    """A query's picture: `perceptual_hash`; `whole`: ready to be held against others, but for its features; None where these cost
    no more. `with_features` finds them: raises SourceError, ImageError, Overloaded.
    """

    perceptual_hash: str
    whole: Sought | None
    with_features: Callable[[], Awaitable[Sought]]


class SoughtPictures:
    """Gets queries' pictures ready, in the threads that verify."""

    def __init__(self, services: Services, known: KnownFeatures) -> None:
        self._services = services
        self._known = known
        # Of a model that looks at fewer pixels than features are found in the picture is decoded anew.
        self._is_enough = services.stores.preprocess.at_least >= SIDE

    async def of(self, picture: QueryPicture, caller: Key) -> SoughtPicture:
        """Return what is known at once. Raises UnknownImage, ImageError, StoreError, Overloaded."""
        if picture.data is None:
            entry = await self._services.entry(picture.milvus_id or 0, caller)
            return SoughtPicture(entry.facts.perceptual_hash, None, partial(self._stored, entry))
        run = self._services.pools["verify"].run
        query_hash, copies, whole = await run(self._seen, picture.data, picture)
        return SoughtPicture(query_hash, whole, partial(run, _found, copies, whole))

    async def _stored(self, entry: CatalogEntry) -> Sought:
        with self._known.reading([entry]) as reading:
            return Sought.of(await self._known.of(entry, reading))

    def _seen(self, data: bytes, picture: QueryPicture) -> tuple[str, Reduced, Sought]:
        region = picture.region
        decoded = picture.decoded if self._is_enough else None
        if decoded is None:
            decoded = decode(data, self._services.images, SIDE if region is None else math.ceil(SIDE / min(region.w, region.h)))
        rgb = decoded.rgb
        if region is not None:
            left, top, right, bottom = within(decoded.area, region)
            rgb = rgb.crop((math.floor(left), math.floor(top), math.ceil(right), math.ceil(bottom)))
        copies = reduced(rgb)
        return perceptual_hash(rgb), copies, Sought.of(bare(copies))


class Begun:
    """A query's picture that is made ready while the model works out its vector.

    `verify`: what is asked for; with True, not with "auto", its features are sure to be needed. Whoever makes one drops it.
    """

    def __init__(self, pictures: SoughtPictures, caller: Key, verify: bool | Literal["auto"]) -> None:
        self._pictures = pictures
        self._caller = caller
        self._verify = verify
        self._tasks: list[asyncio.Task[SoughtPicture] | asyncio.Task[Sought]] = []
        self._ready: asyncio.Task[SoughtPicture] | None = None

    def begin(self, picture: QueryPicture) -> None:
        """Begin, where a picture is there before its vector is, and is to be verified; from the event loop."""
        if not self._verify:
            return
        self._ready = asyncio.create_task(self._made(picture))
        self._tasks.append(self._ready)

    async def of(self, picture: QueryPicture) -> SoughtPicture:
        """Return what is known at once, begun or not. Raises UnknownImage, ImageError, StoreError, Overloaded."""
        return await (self._ready or self._pictures.of(picture, self._caller))

    def drop(self) -> None:
        """Let go of what nobody waits for any more."""
        let_go(self._tasks)

    async def _made(self, picture: QueryPicture) -> SoughtPicture:
        sought = await self._pictures.of(picture, self._caller)
        if self._verify is not True:
            return sought
        features = asyncio.ensure_future(sought.with_features())
        self._tasks.append(features)
        return replace(sought, with_features=lambda: features)


def _found(copies: Reduced, whole: Sought) -> Sought:
    return whole.with_features(found_in(copies))
