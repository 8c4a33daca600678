"""How far the index is to look, so that a search finds the share of the true answer that its caller asks for."""

from __future__ import annotations

from cachetools import TTLCache

from imagesearch.errors import NotCalibrated
from imagesearch.stores.milvus.collection import EFFORT
from imagesearch.types import Calibrated
from serve_app.services import Services

# How long a replica goes by an old measurement after a new one was made.
REMEMBERED_S = 10.0


class Effort:
    """Goes by what jobs.calibrate measured on this collection."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._kind = services.milvus_settings.index
        self._measured: TTLCache[str, list[Calibrated]] = TTLCache(1, REMEMBERED_S)

    async def reaching(self, recall: float) -> Calibrated | None:
        """Return the least effort that reached this recall, or the greatest where none did; None: this index looks at everything.

        Raises NotCalibrated where nothing was measured, StoreError.
        """
        if self._kind not in EFFORT:
            return None
        collection = self._services.stores.fingerprint.collection
        measured = self._measured.get(collection)
        if measured is None:
            measured = await self._services.sql.run(self._services.stores.calibrations.of, collection, self._kind)
            self._measured[collection] = measured
        if not measured:
            raise NotCalibrated("nobody has measured the recall of this collection's index: run python -m jobs.calibrate")
        return next((one for one in measured if one.recall >= recall), measured[-1])
