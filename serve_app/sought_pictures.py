"""The picture that a search verifies its hits by: what is known of it at once, and what takes longer to find."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from imagesearch.images.alignment import Sought
from imagesearch.images.decode import decode
from imagesearch.images.features import SIDE, Reduced, bare, found_in, reduced
from imagesearch.images.hashes import perceptual_hash
from imagesearch.keys import Key
from imagesearch.types import CatalogEntry
from serve_app.known_features import KnownFeatures
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


def _found(copies: Reduced, whole: Sought) -> Sought:
    return whole.with_features(found_in(copies))
