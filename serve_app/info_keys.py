"""The keys of `info` that filters can be built of: asked for with each load of the page, and seldom new."""

from __future__ import annotations

from dataclasses import asdict

from cachetools import TTLCache

from imagesearch.info_answers import InfoKeyList, InfoKeyView
from serve_app.services import Services

# How long a replica does not tell of a key that was added meanwhile.
REMEMBERED_S = 10.0
# Namespaces of which it remembers the keys: 64 keys with 20 texts each are 700 kB at most, as a rule one or two.
NAMESPACES = 64


class KnownInfoKeys:
    """Asks SQL for them once in ten seconds, however many pages are loaded."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._known: TTLCache[str, InfoKeyList] = TTLCache(NAMESPACES, REMEMBERED_S)

    async def of(self, namespace: str) -> InfoKeyList:
        """Return a namespace's keys. Raises Overloaded, StoreError."""
        known = self._known.get(namespace)
        if known is None:
            keys = await self._services.sql.run(self._services.stores.info_keys.of, namespace)
            known = self._known[namespace] = InfoKeyList(keys=[InfoKeyView(**asdict(key)) for key in keys])
        return known
