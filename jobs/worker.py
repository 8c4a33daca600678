"""One worker of a stage, an actor of its own: its state as the driver knows it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import ray

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """A batch at a worker; the last of `refs` is the answer that is looked at. `alone`: nothing is to be put behind it."""

    item: T
    refs: tuple[Any, ...]
    alone: bool


@dataclass(slots=True)
class Worker(Generic[T]):
    """`opening` is there until the worker is ready; `since`: when it began what it does now, its first call or nothing."""

    actor: Any
    opening: Any | None
    since: float
    calls: deque[Call[T]] = field(default_factory=deque)

    @property
    def ready(self) -> bool:
        """Whether it takes work."""
        return self.opening is None

    @property
    def alone(self) -> bool:
        """Whether what it has is to stay all that it has."""
        return bool(self.calls) and self.calls[-1].alone

    def call(self, item: T, args: tuple[Any, ...], returns: int, now: float, *, alone: bool = False) -> None:
        """Give it a batch, behind those that it has."""
        if not self.calls:
            self.since = now
        refs = self.actor.work.options(num_returns=returns).remote(*args)
        self.calls.append(Call(item, tuple(refs) if returns > 1 else (refs,), alone))

    def awaited(self) -> Any | None:
        """Return the reference that tells of its next step."""
        return self.opening if self.opening is not None else self.calls[0].refs[-1] if self.calls else None

    def end(self) -> None:
        """End its process, at once; one that hangs is killed by its node."""
        ray.kill(self.actor, no_restart=True)
