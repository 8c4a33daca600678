"""What is known of a stage's workers that were started: whether more may be, and whether they fit together."""

from __future__ import annotations

import logging

from imagesearch.errors import ImageSearchError, StoreError, WeightsMismatch

logger = logging.getLogger(__name__)

# Pauses before another worker is started after one that failed to: doubled from the first to the last.
FIRST_PAUSE_S = 0.5
LAST_PAUSE_S = 60.0
# Processes that die as they start, one after the other: out of memory, a broken installation.
DEATHS = 8


class Openings:
    """Raises what keeps the first worker of a stage from opening; while others work, it only keeps more from being tried.

    `patience_s`: how long what may pass (weights in a bucket that does not answer) is waited for; None: for ever.
    """

    def __init__(self, stage: str, patience_s: float | None) -> None:
        self._stage = stage
        self._patience_s = patience_s
        self._pause_s = FIRST_PAUSE_S
        self._not_before = 0.0
        self._failing_since: float | None = None
        self._failures = 0
        self._first_said: object = None

    def allowed(self, now: float) -> bool:
        """Whether another worker may be started now."""
        return now >= self._not_before

    def succeeded(self, said: object) -> ImageSearchError | None:
        """Take note of a worker that is open, and return why it cannot be used: it must say the same as the first one.

        Vectors of two models do not mix, and neither would two nodes' that have different weights under one name.
        """
        self._first_said = said if self._first_said is None else self._first_said
        if said != self._first_said:
            return WeightsMismatch(f"one {self._stage} worker has {said}, the others {self._first_said}")
        self._pause_s, self._failing_since, self._failures = FIRST_PAUSE_S, None, 0
        return None

    def failed(self, error: Exception, now: float, others: int) -> None:
        """Take note of a worker that could not open; `others` of its stage are ready. Raises ImageSearchError."""
        self._failures += 1
        self._failing_since = now if self._failing_since is None else self._failing_since
        self._not_before = now + self._pause_s
        self._pause_s = min(2 * self._pause_s, LAST_PAUSE_S)
        logger.warning("a %s worker could not start: %s", self._stage, error)
        if others:
            return
        if isinstance(error, ImageSearchError):
            if not error.retriable or (self._patience_s is not None and now - self._failing_since > self._patience_s):
                raise error
        elif self._failures >= DEATHS:
            raise StoreError(f"the {self._stage} workers end as they start: {error}", store="ray") from error
