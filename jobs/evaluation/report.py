"""What an evaluation found, before it is written or shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from imagesearch.quality.figure import Figure
from imagesearch.quality.threshold import Threshold
from jobs.evaluation.asker import Answer
from jobs.evaluation.index_recall import Step


@dataclass(frozen=True, slots=True)
class Case:
    """A copy that did not find its picture, with small WebPs; one that cannot be read any more is None."""

    answer: Answer
    name: str
    original: bytes | None
    copy: bytes | None
    instead: bytes | None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """`about` says of what; `unread` counts the sampled pictures that could not be read, by error code."""

    about: dict[str, str | int | float]
    answers: Sequence[Answer]
    figures: dict[str, Figure]
    thresholds: dict[str, Threshold]
    index: Sequence[Step]
    unread: dict[str, int] = field(default_factory=dict)
    cases: Sequence[Case] = ()
