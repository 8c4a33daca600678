"""Pictures whose perceptual hash is near the query's: found also where the model does not see the likeness."""

from __future__ import annotations

import logging

from imagesearch.errors import StoreError
from imagesearch.types import Near, Vectors
from serve_app.merged import Merged
from serve_app.nearest import FIRST_FACTOR, Nearest, Wanted
from serve_app.services import Services

logger = logging.getLogger(__name__)


class HashCandidates:
    """Finds them; without an index of hashes there are none."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._hashes = services.stores.hashes
        self._nearest = Nearest(services)

    async def near(self, perceptual_hash: str, vectors: Vectors, wanted: Wanted) -> Merged:
        """Return the nearest that match and are searchable, at most verify.hash_candidates, with their scores by the vectors.

        A hash is a hint: where its index does not answer there are none, and the search goes on. Raises StoreError of the others.
        """
        most = self._services.verify.hash_candidates
        if self._hashes is None or most == 0:
            return Merged([], {}, more=False)
        # With a filter some of them may not match.
        asked = FIRST_FACTOR * most if wanted.filter else most
        created = wanted.filter.created_between()
        found: list[Near] = []
        try:
            found = await self._services.milvus.run(self._hashes.search, perceptual_hash, asked, wanted.namespace, created)
        except StoreError as exc:
            logger.warning("searched without perceptual hashes: %s", exc.detail, extra={"code": exc.code})
        ids = [one.milvus_id for one in found if one.bits <= self._services.verify.hash_bits]
        if not ids:
            return Merged([], {}, more=False)
        confirmed = await self._services.sql.run(self._services.stores.matches.confirm, set(ids), wanted.filter)
        matching = [one for one in ids if one in confirmed.matching][:most]
        scored = await self._nearest.compared(vectors, matching)
        return Merged([hit for hit in scored.hits if hit.score >= wanted.min_score], scored.views, more=False)
