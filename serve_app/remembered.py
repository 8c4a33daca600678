"""What SQL says and seldom changes: asked for once in ten seconds, however many requests want to know."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from cachetools import TTLCache

T = TypeVar("T")

# How long a replica goes by what was true before.
REMEMBERED_S = 10.0


class Remembered(Generic[T]):
    """Remembers what `read` returned for each of `names` names at most; it never returns None."""

    def __init__(self, read: Callable[[str], Awaitable[T]], names: int = 1) -> None:
        self._read = read
        self._known: TTLCache[str, T] = TTLCache(names, REMEMBERED_S)

    async def of(self, name: str) -> T:
        """Return what was read for the name, ten seconds ago at most. Raises what `read` raises, and remembers nothing of it."""
        known = self._known.get(name)
        if known is None:
            known = self._known[name] = await self._read(name)
        return known
