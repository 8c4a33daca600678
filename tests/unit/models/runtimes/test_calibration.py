from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from imagesearch.errors import ModelError
from imagesearch.models.located import LocatedModel
from imagesearch.models.runtimes import calibration, exports
from imagesearch.models.runtimes.calibration import Speed, calibrate, race, ranked
from imagesearch.models.runtimes.choice import RUNTIMES

BOTH = calibration.BATCHES


class Sleeper:
    """A backbone that takes its time, and counts what it was asked for."""

    device = "cpu"

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.batches: list[int] = []

    def forward(self, pixels: np.ndarray) -> np.ndarray:
        self.batches.append(len(pixels))
        time.sleep(self.seconds)
        return np.zeros((len(pixels), 4), np.float32)


def test_one_that_is_far_behind_is_not_asked_for_larger_batches() -> None:
    quick, slow = Sleeper(0.0), Sleeper(0.2)
    speeds = race({("onnx", 2): quick, ("torch", 2): slow}, 32)
    assert set(quick.batches) == set(BOTH)
    assert set(slow.batches) == {1}
    assert [speed.batches for speed in speeds] == [BOTH, (1,)]
    assert "not tried further" in str(speeds[1])


def test_time_bounds_the_rounds_and_each_runs_once_even_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calibration, "BUDGET_S", 0.0)
    one, two = Sleeper(0.01), Sleeper(0.01)
    race({("onnx", 2): one, ("torch", 2): two}, 32)
    assert one.batches[0] == two.batches[0] == 1
    assert len(one.batches) <= len(BOTH)


@pytest.mark.parametrize(
    ("speeds", "best"),
    [
        ([("torch", 2, BOTH, 40.0), ("onnx", 2, BOTH, 110.0)], ("onnx", 2)),
        # On a machine that was busy meanwhile.
        ([("onnx", 2, BOTH, 80.0), ("onnx", 1, BOTH, 85.0)], ("onnx", 2)),
        ([("onnx", 16, BOTH, 80.0), ("onnx", 4, BOTH, 120.0)], ("onnx", 4)),
        ([("torch", 2, (1,), 90.0), ("onnx", 2, BOTH, 80.0)], ("onnx", 2)),
    ],
)
def test_the_fastest_is_best_and_all_cpus_are_the_rule(
    speeds: list[tuple[str, int, tuple[int, ...], float]], best: tuple[str, int]
) -> None:
    first = ranked([Speed(*speed) for speed in speeds])[0]
    assert (first.runtime, first.threads) == best


def test_both_runtimes_are_measured_at_each_number_of_threads(small: LocatedModel, model_cache: Path) -> None:
    speeds = calibrate(small, model_cache, [2, 1])
    assert {(speed.runtime, speed.threads) for speed in speeds} == {(name, count) for name in RUNTIMES for count in (1, 2)}
    assert all(speed.pictures_per_s > 0 for speed in speeds)


def test_where_the_export_fails_pytorch_is_left(
    small: LocatedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*_: object) -> None:
        raise ModelError("it cannot be exported")

    monkeypatch.setattr(exports, "_make", fails)
    speeds = calibrate(small, tmp_path, [1])
    assert [speed.runtime for speed in speeds] == ["torch"]
    assert caplog.text.count("it cannot be exported") == 1
