"""Random weights that are the same each time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

SEED = 0


@contextmanager
def seeded() -> Iterator[None]:
    """Draw the same numbers in the block each time; what is drawn after it is as if the block had not been."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEED)
        yield
