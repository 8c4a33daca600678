"""How many workers a stage should have: arithmetic on what is seen of it, without Ray and without a clock."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

# How many batches a worker is given at once: one to work on, and one behind it, so that it need not wait for the driver.
DEPTH = 2
# A stage must have been short of workers for so long before it gets more: every load begins with all batches at the first stage.
PRESSURE_S = 2.0


class Sizing:
    """Decides when a stage grows and shrinks; `now` are seconds of any clock that does not run backwards.

    It grows when every worker has had work waiting behind what it does for a while, by as many as it has at most, so that a
    cluster is filled in a few steps; of those that cannot be placed no more are asked for. A stage whose work waits because a
    later one is short of workers does not grow: it would only take processors from that one. Between two steps as many calls must
    have ended well as there are workers: where they all wait for a store that is down or hardly answers, more of them would
    only be in its way. It shrinks by workers that had nothing to do for `idle_s`.
    """

    def __init__(self, smallest: int, largest: int, idle_s: float) -> None:
        self._smallest = smallest
        self._largest = max(smallest, largest)
        self._idle_s = idle_s
        self._pressed_since: float | None = None
        self._eased_since: float | None = None
        self._progress = 0

    def progressed(self) -> None:
        """Take note of a call that ended well."""
        self._progress += 1

    def missing(self, now: float, loads: Sequence[int], opening: int, later_pressed: bool = False) -> int:
        """Return how many workers to start; `loads` are the batches that each ready one has, `opening` those on their way."""
        if later_pressed or not pressed(loads):
            self._pressed_since = None
            self._eased_since = now if self._eased_since is None else self._eased_since
        else:
            self._pressed_since = now if self._pressed_since is None else self._pressed_since
            self._eased_since = None
        there = len(loads) + opening
        if there < self._smallest:
            return self._smallest - there
        if self._pressed_since is None or now - self._pressed_since < PRESSURE_S or self._progress < len(loads):
            return 0
        more = max(0, min(len(loads) - opening, self._largest - there))
        if more:
            self._progress = 0
        return more

    def surplus(self, now: float, idle_since: Sequence[float], ready: int, opening: int) -> tuple[int, int]:
        """Return how many of the opening workers to give up, and how many of the idle ones; `idle_since` has their times."""
        above = ready + opening - self._smallest
        eased = self._eased_since is not None and now - self._eased_since >= self._idle_s
        # Not the first ones: while none is ready, they are what the stage waits for.
        given_up = max(0, min(opening, above)) if eased and ready else 0
        long_idle = sum(now - since >= self._idle_s for since in idle_since)
        return given_up, max(0, min(long_idle, above - given_up))


def pressed(loads: Sequence[int]) -> bool:
    """Say whether every worker has work waiting behind what it does; none at all are not pressed."""
    return bool(loads) and min(loads) >= DEPTH


def least_busy(loads: Sequence[int]) -> int | None:
    """Return the place of the worker that the next batch goes to, the first of those with the least to do; None: all are full.

    The first: so that, when there is little to do, the last ones idle and can be given up.
    """
    place = min(range(len(loads)), key=lambda i: loads[i], default=None)
    return None if place is None or loads[place] >= DEPTH else place


def room(base: int, ready: Iterable[int]) -> int:
    """Return how many batches may be in flight; `ready` counts each stage's workers.

    `base` is for one worker a stage; each further one brings its own DEPTH. So no worker starves, and the memory of a load
    is bounded by its settings, base + DEPTH x the largest numbers of workers, however many rows there are.
    """
    return base + DEPTH * sum(max(0, count - 1) for count in ready)
