"""The keys of `info` that filters can be built of: asked for with each load of the page, and seldom new."""

from __future__ import annotations

from dataclasses import asdict

from imagesearch.info_answers import InfoKeyList, InfoKeyView
from serve_app.remembered import Remembered
from serve_app.services import Services

# Namespaces of which it remembers the keys: 64 keys with 20 texts each are 700 kB at most, as a rule one or two.
NAMESPACES = 64


class KnownInfoKeys:
    """Asks SQL for them once in ten seconds, however many pages are loaded."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._known = Remembered(self._read, NAMESPACES)

    async def of(self, namespace: str) -> InfoKeyList:
        """Return a namespace's keys. Raises Overloaded, StoreError."""
        return await self._known.of(namespace)

    async def _read(self, namespace: str) -> InfoKeyList:
        keys = await self._services.sql.run(self._services.stores.info_keys.of, namespace)
        return InfoKeyList(keys=[InfoKeyView(**asdict(key)) for key in keys])
