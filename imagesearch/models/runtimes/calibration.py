"""Measures the runtimes of the CPU against each other, on this machine and with the model that they are to run."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import geometric_mean
from time import monotonic, perf_counter

import numpy as np

from imagesearch.errors import ModelError
from imagesearch.models.located import LocatedModel
from imagesearch.models.runtimes.cpu import open_on_cpu
from imagesearch.models.runtimes.reference import pictures
from imagesearch.ports import Backbone

logger = logging.getLogger(__name__)

# A lone query, and a load: above 8 pictures no runtime gains more.
BATCHES = (1, 8)
# For each of them, beyond one run each; so many rounds are enough for the fastest to be free of what else the machine did.
BUDGET_S = 3.0
ROUNDS = 6
# So much slower is out of the race, and need not run the larger batches.
HOPELESS = 1.5
# What fewer threads than there are CPUs must gain: on a busy machine they look as good as all, and would be too few once it is not.
GAIN_OF_FEWER = 1.25


@dataclass(frozen=True, slots=True)
class Speed:
    """The geometric mean of a candidate's pictures a second over the batches that it ran: all, or those until it was hopeless."""

    runtime: str
    threads: int
    batches: tuple[int, ...]
    pictures_per_s: float

    def __str__(self) -> str:
        until = "" if self.batches == BATCHES else f" (batches of {max(self.batches)}, not tried further)"
        return f"{self.runtime} on {self.threads} {'thread' if self.threads == 1 else 'threads'} {self.pictures_per_s:.1f}{until}"


def calibrate(model: LocatedModel, cache: Path, threads: Sequence[int]) -> list[Speed]:
    """Return the runtimes that can run the model at each number of threads, best first; PyTorch always can.

    Raises WeightsNotFound, WeightsMismatch, and ConfigError where the export cannot be kept.
    """
    # First, so that weights which are wrong are an error, and not a reason against the other runtime.
    runtimes = {"torch": open_on_cpu("torch", model, cache, threads[0])}
    try:
        runtimes["onnx"] = open_on_cpu("onnx", model, cache, threads[0])
    except ModelError as exc:
        logger.warning("PyTorch runs the model: %s", exc.detail)
    candidates = {(name, count): runtime.with_threads(count) for name, runtime in runtimes.items() for count in threads}
    return ranked(race(candidates, model.spec.preprocess.input_size))


def race(candidates: Mapping[tuple[str, int], Backbone], size: int) -> list[Speed]:
    """Measure in turns, so that what else the machine does strikes all alike; the fastest run counts."""
    running = list(candidates)
    rates: dict[tuple[str, int], list[float]] = {one: [] for one in candidates}
    for batch in BATCHES:
        pixels = np.resize(pictures(size), (batch, size, size, 3))
        best = dict.fromkeys(running, math.inf)
        until = monotonic() + BUDGET_S
        for _ in range(ROUNDS):
            for one in running:
                started = perf_counter()
                candidates[one].forward(pixels)
                best[one] = min(best[one], perf_counter() - started)
            if monotonic() > until:
                break
        for one in running:
            rates[one].append(batch / best[one])
        running = [one for one in running if best[one] <= HOPELESS * min(best.values())]
    return [Speed(*one, BATCHES[: len(all_of)], geometric_mean(all_of)) for one, all_of in rates.items()]


def ranked(speeds: Sequence[Speed]) -> list[Speed]:
    """Return them best first."""
    most = max(speed.threads for speed in speeds)

    def worth(speed: Speed) -> tuple[int, float]:
        handicap = 1.0 if speed.threads == most else GAIN_OF_FEWER
        return len(speed.batches), speed.pictures_per_s / handicap

    return sorted(speeds, key=worth, reverse=True)
