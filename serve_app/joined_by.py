"""The join of evidence that is in force: the newest that was learned on this collection, else the shipped one."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from imagesearch.join import Join, load_join, read_join
from serve_app.remembered import Remembered
from serve_app.services import Services

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class InForce:
    """A join; `version` counts those that were learned on the collection, the shipped one is 0."""

    join: Join
    version: int = 0


class JoinedBy:
    """Goes by what jobs.calibrate learned on this collection."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._shipped = InForce(load_join())
        self._remembered = Remembered(self._read)

    async def in_force(self) -> InForce:
        """Return the newest join that was learned; the shipped one where there is none, or it cannot be read. Raises StoreError."""
        return await self._remembered.of(self._services.stores.fingerprint.collection)

    async def _read(self, collection: str) -> InForce:
        learned = await self._services.sql.run(self._services.stores.joins.newest, collection)
        if learned is None:
            return self._shipped
        try:
            return InForce(read_join(learned.document), learned.version)
        except ValueError:
            # Learned by another version of this program, from other evidence.
            logger.warning("version %d of the learned join is none for this program; judged by the shipped one", learned.version)
            return self._shipped
