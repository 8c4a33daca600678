"""How many searches a replica has in hand at once: who comes beyond that is told at once when to come again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from imagesearch.errors import Overloaded


class Places:
    """So many places, one for each search, from the end of its body to its answer. Of one event loop.

    The bound is here, and not in Serve's own queue: that looks for room in pauses that grow to half a second, and three of four
    places stood empty while others waited.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._taken = 0

    def check(self) -> None:
        """Raise Overloaded where all are taken: before a body is read for nothing."""
        if self._taken >= self._count:
            raise Overloaded(f"{self._taken} searches are in hand already")

    @contextmanager
    def one(self) -> Iterator[None]:
        """Take a place for the block. Raises Overloaded where all are taken."""
        self.check()
        self._taken += 1
        try:
            yield
        finally:
            self._taken -= 1
