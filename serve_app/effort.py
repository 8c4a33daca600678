"""How far the index is to look, so that a search finds the share of the true answer that its caller asks for."""

from __future__ import annotations

from imagesearch.errors import NotCalibrated
from imagesearch.stores.milvus.collection import EFFORT
from imagesearch.types import Calibrated
from serve_app.remembered import Remembered
from serve_app.services import Services


class Effort:
    """Goes by what jobs.calibrate measured on this collection."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._kind = services.milvus_settings.index
        self._measured = Remembered(self._read)

    async def reaching(self, recall: float) -> Calibrated | None:
        """Return the least effort that reached this recall, or the greatest where none did; None: this index looks at everything.

        Raises NotCalibrated where nothing was measured, StoreError.
        """
        if self._kind not in EFFORT:
            return None
        measured = await self._measured.of(self._services.stores.fingerprint.collection)
        if not measured:
            raise NotCalibrated("nobody has measured the recall of this collection's index: run python -m jobs.calibrate")
        return next((one for one in measured if one.recall >= recall), measured[-1])

    async def _read(self, collection: str) -> list[Calibrated]:
        return await self._services.sql.run(self._services.stores.calibrations.of, collection, self._kind)
