"""Where the time of a search goes, and what ran the model for it: told in its answer, the time also as spans of its trace."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter

from imagesearch.types import Embedded
from telemetry.tracing import Tracer, Untraced

# A search that verifies has a stage of that name beside these.
STAGES = ("wait", "decode", "embed", "search", "metadata")


@dataclass(slots=True)
class Timing:
    """Milliseconds by stage, from the moment it was made; `embedded` is the model's answer, where it was asked."""

    tracer: Tracer = field(default_factory=Untraced)
    stages: dict[str, float] = field(default_factory=lambda: dict.fromkeys(STAGES, 0.0))
    started: float = field(default_factory=perf_counter)
    embedded: Embedded | None = None

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add what the block takes to the stage, and trace it."""
        started = perf_counter()
        with self.tracer.span(name):
            yield
        self.stages[name] = self.stages.get(name, 0.0) + 1000 * (perf_counter() - started)

    def ms(self) -> dict[str, float]:
        """Return the stages and the total so far."""
        total = 1000 * (perf_counter() - self.started)
        return {name: round(value, 3) for name, value in {**self.stages, "total": total}.items()}


def server_timing(timing_ms: Mapping[str, float]) -> str:
    """Return the header Server-Timing, which browsers show; stages that took no time are left out."""
    return ", ".join(f"{name};dur={value:g}" for name, value in timing_ms.items() if value)
