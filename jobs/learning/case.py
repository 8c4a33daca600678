"""What the join is learned from and judged by: a picture held against an edited copy, and what it truly is to it."""

from __future__ import annotations

from dataclasses import dataclass

from imagesearch.join import Evidence
from jobs.learning.pictures import Scored

# Most of what people search by is not there: for each search that has its original there are so many that have none.
IN_VAIN = 10.0


@dataclass(frozen=True, slots=True)
class Case:
    """Picture `target` held against a copy of picture `query`.

    `kind`: one of join.CLASSES, as it truly is. `rank`: its place among the neighbours, from 0. `by_hash`: it is none of them, its
    perceptual hash led to it. `absent`: the copy was asked of a collection without its original and what is near that. `variant`:
    the originals are so near to each other that nobody can say whether one is a copy of the other: nothing is learned from it.
    `misfit` as imagesearch.images.misfit has it.
    """

    query: int
    edit: str
    strength: float
    target: int
    kind: str
    rank: int
    by_hash: bool
    absent: bool
    variant: bool
    evidence: Evidence
    misfit: float = 1.0

    @property
    def weight(self) -> float:
        """How many cases of a life it stands for."""
        return IN_VAIN if self.absent else 1.0


def margin_at(place: int, score: float, ranked: Scored) -> float:
    """Return how much more a score is than the best of the others'; `place` is among the ranked, or behind them."""
    if place:
        return score - ranked[0][1] if ranked else score + 1.0
    return score - (ranked[1][1] if len(ranked) > 1 else -1.0)
