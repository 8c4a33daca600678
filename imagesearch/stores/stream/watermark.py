"""How far one partition of the stream is done without a gap: that far its offset may be committed."""

from __future__ import annotations

from collections import deque


class Watermark:
    """Messages are taken in order and finished in any; what is committed is the first one that is not finished.

    Remembers the messages between the two only, so it is as small as what is in flight.
    """

    def __init__(self) -> None:
        self._taken: deque[int] = deque()
        self._finished: set[int] = set()
        self.last = -1

    def take(self, offset: int) -> None:
        """Note a message, whose offset is above that of every one before it: some in between may never come."""
        self._taken.append(offset)
        self.last = offset

    def finish(self, offset: int) -> int | None:
        """Note that a message is done; return the offset to commit, the next one to read, where it has moved."""
        if not self._taken or offset < self._taken[0]:
            return None
        self._finished.add(offset)
        moved = None
        while self._taken and self._taken[0] in self._finished:
            moved = self._taken.popleft()
            self._finished.remove(moved)
        return None if moved is None else moved + 1
