"""A batch on its way through the stages."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import time_ns
from typing import Any

from imagesearch.types import LogRow
from telemetry.tracing import Part

# Calls that may go wrong before a whole batch is halved, a half of one, and a row that stands alone is given up. A batch that
# is halved needlessly, because its worker was killed from outside, only costs some overhead; a row that is given up is failed.
WHOLE_TRIES = 2
PART_TRIES = 1
LONE_TRIES = 3


@dataclass(slots=True, eq=False)
class Flight:
    """`prepared`, `pixels` and `embedded` are references: no picture passes through the driver, and what a stage has used up is
    let go, so that Ray can free it.
    """

    rows: list[LogRow]
    part: bool = False
    prepared: Any = None
    pixels: Any = None
    embedded: Any = None
    troubles: int = 0
    # Set once its one row is given up; it is only written from then on.
    given_up: bool = False
    # The batches that had been written when a store refused this one, or what it is a part of, for the first time.
    written_before: int | None = None
    begun_ns: int = field(default_factory=time_ns)
    # The stages that it went through, each with its waiting for a worker.
    parts: list[Part] = field(default_factory=list)

    def left(self, stage: str) -> None:
        """Take note that a stage is done with it, whatever came of that: the next one begins where it ended."""
        self.parts.append(Part(stage, self.parts[-1].ended_ns if self.parts else self.begun_ns, time_ns()))

    @property
    def spent(self) -> bool:
        """Whether it went wrong as often as it may."""
        if len(self.rows) == 1:
            return self.troubles >= LONE_TRIES
        return self.troubles >= (PART_TRIES if self.part else WHOLE_TRIES)

    def begin_again(self) -> None:
        """Forget what the stages made of it: a reference may lead to an object that was lost with its node."""
        self.prepared = self.pixels = self.embedded = None

    def halves(self) -> tuple[Flight, Flight]:
        """Return it in two parts."""
        middle = len(self.rows) // 2
        first, second = self.rows[:middle], self.rows[middle:]
        return Flight(first, True, written_before=self.written_before), Flight(second, True, written_before=self.written_before)
