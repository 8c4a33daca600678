"""How many pixels a process decodes at once, so that a few huge pictures do not take all of its memory together."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition


class Room:
    """Gives callers room for pixels, in the order in which they come: a huge picture waits for those before it, none passes it.

    Thread-safe.
    """

    def __init__(self) -> None:
        self._taken = 0
        self._line: deque[object] = deque()
        self._freed = Condition()

    @contextmanager
    def of(self, pixels: int, most: int) -> Iterator[None]:
        """Wait until these pixels are no more than `most` together with those that have room; one alone always has it."""
        ticket = object()
        with self._freed:
            self._line.append(ticket)
            try:
                self._freed.wait_for(lambda: self._line[0] is ticket and (not self._taken or self._taken + pixels <= most))
            finally:
                self._line.remove(ticket)
                self._freed.notify_all()
            self._taken += pixels
        try:
            yield
        finally:
            with self._freed:
                self._taken -= pixels
                self._freed.notify_all()


DECODING = Room()
"""Of this process: decoding takes up to 13 bytes a pixel, for transparency and deep samples, where 3 are left of it."""
