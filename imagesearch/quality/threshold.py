"""From which score on a hit is to be believed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Threshold:
    """At `score` or above lie the shares `false_rate` of the false pairs and `true_rate` of the true ones."""

    score: float
    false_rate: float
    true_rate: float


def threshold(true: Sequence[float], false: Sequence[float], rate: float) -> Threshold:
    """Return the lowest threshold that at most the share `rate` of the false scores reaches.

    A true pair that was not found has the score -1, and reaches none. Without false scores all are believed.
    """
    yes, no = np.asarray(true, float), np.sort(np.asarray(false, float))
    allowed = int(rate * len(no))
    score = -1.0 if allowed >= len(no) else float(np.nextafter(no[len(no) - allowed - 1], 2.0))
    reached = float((no >= score).mean()) if len(no) else 0.0
    return Threshold(score, reached, float(((yes >= score) & (yes > -1)).mean()) if len(yes) else 0.0)
