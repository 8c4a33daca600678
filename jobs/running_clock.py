"""A clock that stands still while its process does."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

# Between two ticks a driver that runs never takes longer.
LONGEST_STEP_S = 1.0


class RunningClock:
    """Counts the seconds in which this process ran, as far as it is asked often.

    A driver that was stopped for an hour, or whose machine slept, finds its workers as they were: not an hour late.
    """

    def __init__(self, source: Callable[[], float] = monotonic) -> None:
        self._source = source
        self._seen = source()
        self._now = 0.0

    def now(self) -> float:
        """Return the seconds so far."""
        seen = self._source()
        self._now += min(max(0.0, seen - self._seen), LONGEST_STEP_S)
        self._seen = seen
        return self._now
