"""What a join is worth on cases: which copies it puts first, what it calls copies, and how far its probabilities hold."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imagesearch.join import CLASSES, Join
from imagesearch.rivals import standings
from jobs.learning.case import Case

COPIES = ("exact", "edited")
# So likely a copy is shown although only its hash led to it; serve_app.verification goes by the same.
LIKELY = 0.5
# Where people look.
SEEN = 10
BINS = 10
# One case that was thought impossible is not to outweigh all others.
LEAST_SHARE = 1e-6


@dataclass(frozen=True, slots=True)
class Worth:
    """Shares of what there is to be found, each in [0, 1].

    `queries` edited copies were searched by. `embedding` and `joined`: of so many the original came first, by the score alone and
    verified. `called`: of so many the original, where it was verified, was called a copy. `false`: of the other pictures among the
    first SEEN and those near by hash so many were called copies, where the original was there, `false_absent` where it was not;
    `variants` those of what is near to the original before any edit. `calibration_error`: the expected one of the probability of
    being a copy, over BINS equal bins. `loss`: the mean logarithmic loss of the classes in nats, each case by its weight, by which
    joins are compared; less is better.
    """

    queries: int
    embedding: float
    joined: float
    called: float
    false: float
    false_absent: float
    variants: float
    calibration_error: float
    loss: float


@dataclass(frozen=True, slots=True)
class Judged:
    """A case, and the probability that the join gives each of CLASSES; `standing`: by what its search orders it."""

    case: Case
    shares: NDArray[np.float64]
    standing: float

    @property
    def copy(self) -> float:
        """How likely it is a copy."""
        return float(self.shares[:2].sum())

    @property
    def loss(self) -> float:
        """The logarithmic loss of what it truly is, in nats."""
        return -math.log(max(float(self.shares[CLASSES.index(self.case.kind)]), LEAST_SHARE))

    @property
    def called(self) -> bool:
        """Whether it is called one."""
        return CLASSES[int(self.shares.argmax())] in COPIES

    @property
    def true(self) -> bool:
        """Whether it is one."""
        return self.case.kind in COPIES


def judged(join: Join, cases: Sequence[Case]) -> list[Judged]:
    """Judge all cases; those of one search stand behind each other."""
    shares = join.shares([case.evidence for case in cases])
    searches: dict[tuple[int, str, float, bool], list[int]] = defaultdict(list)
    for place, case in enumerate(cases):
        searches[case.query, case.edit, case.strength, case.absent].append(place)
    found: dict[int, float] = {}
    for places in searches.values():
        copies = [float(shares[place, :2].sum()) for place in places]
        found |= zip(places, standings(copies, [cases[place].misfit for place in places]), strict=True)
    return [Judged(case, row, found[place]) for place, (case, row) in enumerate(zip(cases, shares, strict=True))]


def worth(found: Sequence[Judged]) -> Worth:
    """Sum up at least one case. The cuts that one scene is learned from count for the loss only."""
    asked = [one for one in found if one.case.kind != "same_scene"]
    present = [one for one in asked if not one.case.absent]
    searches: dict[tuple[int, str, float], list[Judged]] = defaultdict(list)
    for one in present:
        searches[one.case.query, one.case.edit, one.case.strength].append(one)
    firsts = [one.true for hits in searches.values() for one in hits if one.case.rank == 0]
    others = [one for one in asked if not one.true and (one.case.rank < SEEN or one.case.by_hash)]
    known = [one for one in asked if not one.case.variant]
    return Worth(
        queries=len(searches),
        embedding=_mean(firsts),
        joined=_mean([max(_shown(hits), key=lambda one: one.standing).true for hits in searches.values()]),
        called=_mean([one.called for one in present if one.true]),
        false=_mean([one.called for one in others if not one.case.variant and not one.case.absent]),
        false_absent=_mean([one.called for one in others if not one.case.variant and one.case.absent]),
        variants=_mean([one.called for one in others if one.case.variant]),
        calibration_error=calibration_error([one.copy for one in known], [one.true for one in known]),
        loss=_loss([one for one in found if not one.case.variant]),
    )


def calibration_error(shares: Sequence[float], true: Sequence[bool]) -> float:
    """Return the expected calibration error over equal bins."""
    probabilities, truth = np.asarray(shares), np.asarray(true)
    bins = np.minimum((BINS * probabilities).astype(int), BINS - 1)
    return float(sum((bins == one).mean() * abs((probabilities - truth)[bins == one].mean()) for one in np.unique(bins)))


def _shown(hits: Sequence[Judged]) -> list[Judged]:
    """Leave out what only its hash led to, unless it is likely a copy: so a search does."""
    return [one for one in hits if not one.case.by_hash or one.copy >= LIKELY]


def _loss(found: Sequence[Judged]) -> float:
    return float(np.average([one.loss for one in found], weights=[one.case.weight for one in found])) if found else 0.0


def _mean(values: Sequence[float | bool]) -> float:
    return float(np.mean(values)) if values else 0.0
