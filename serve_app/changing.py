"""Changes pictures that are loaded: what is said of them, and whether they are there at all."""

from __future__ import annotations

import logging

from imagesearch.errors import StoreError, UnknownImage
from imagesearch.keys import Key
from imagesearch.types import CatalogEntry
from serve_app.schemas import ImagePatch
from serve_app.services import Services

logger = logging.getLogger(__name__)


class ChangeService:
    """Carries out changes of single pictures."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._stores = services.stores

    async def patch(self, milvus_id: int, patch: ImagePatch, caller: Key) -> CatalogEntry:
        """Merge into the `info` of one source and return the picture. Raises UnknownImage, InputError, StoreError."""
        await self._services.entry(milvus_id, caller)
        await self._services.sql.run(self._stores.changes.patch_info, milvus_id, patch.info, patch.log_id)
        return await self._services.entry(milvus_id, caller)

    async def delete(self, milvus_id: int, caller: Key) -> None:
        """Take a picture out of every answer, and its vector, hash and kept features away. Raises UnknownImage, StoreError of SQL.

        Where a store does not answer they stay for a while: no answer shows them, and an audit with repair removes them.
        """
        namespace = await self._services.sql.run(self._stores.catalog.namespace_of, milvus_id)
        if not caller.sees(namespace):
            raise UnknownImage(f"no picture has the milvus_id {milvus_id}")
        await self._services.sql.run(self._stores.changes.delete, milvus_id)
        try:
            await self._services.sql.run(self._stores.purge, milvus_id)
        except StoreError as exc:
            logger.warning(
                "the vector of the deleted picture %d stays until an audit removes it: %s",
                milvus_id,
                exc.detail,
                extra={"code": exc.code},
            )
