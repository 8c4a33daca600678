"""How long a row whose fault may pass is left alone before it is tried again."""

from __future__ import annotations

import random
from datetime import timedelta

LONGEST_S = 60.0


def pause(attempts: int, backoff_s: float) -> timedelta:
    """Return a pause that doubles with each attempt so far, up to a minute; up to half of it is left to chance.

    By chance, so that rows which failed together do not all come back in the same moment.
    """
    # Bounded before it is raised: attempts is a setting's number, not ours.
    longest = min(backoff_s * 2 ** min(attempts, 16), LONGEST_S)
    return timedelta(seconds=longest * random.uniform(0.5, 1.0))  # noqa: S311 - spreads load, guards nothing
