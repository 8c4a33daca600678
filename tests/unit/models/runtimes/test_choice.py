from __future__ import annotations

import json
import logging
import os
from pathlib import Path

import pytest

from imagesearch.errors import ModelError
from imagesearch.models.located import LocatedModel
from imagesearch.models.runtimes import calibration, choice
from imagesearch.models.runtimes.calibration import BATCHES, Speed
from imagesearch.models.runtimes.choice import Choice, choose, counts, known_choice


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """Stands in for the measurement, whose outcome depends on the machine: the numbers of threads asked for, a list a call."""
    asked: list[list[int]] = []

    def calibrate(_model: LocatedModel, _cache: Path, threads: list[int]) -> list[Speed]:
        asked.append(threads)
        return [Speed("onnx", threads[0], BATCHES, 80.0), Speed("torch", threads[0], (1,), 20.0)]

    monkeypatch.setattr(calibration, "calibrate", calibrate)
    return asked


def test_a_choice_is_measured_once_and_kept(small: LocatedModel, tmp_path: Path, measured: list[list[int]]) -> None:
    assert known_choice(small, tmp_path, 1) is None
    first = choose(small, tmp_path, 1)
    assert (first.runtime, first.threads) == ("onnx", 1)
    assert "80.0" in first.why
    assert choose(small, tmp_path, 1) == known_choice(small, tmp_path, 1) == first
    assert measured == [[1]]


def test_another_machine_other_libraries_and_another_model_choose_anew(
    small: LocatedModel, lite0: LocatedModel, tmp_path: Path, measured: list[list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    choose(small, tmp_path, None)
    choose(lite0, tmp_path, None)
    choose(small, tmp_path, 7)
    monkeypatch.setattr(choice, "cpu_kind", lambda: "another")
    choose(small, tmp_path, None)
    monkeypatch.setattr(choice, "cpus", lambda: 64)
    choose(small, tmp_path, None)
    monkeypatch.setattr(choice, "version", lambda name: f"another {name}")
    choose(small, tmp_path, None)
    assert measured[2:] == [[7], counts(None) if os.cpu_count() == 64 else measured[3], [64, 32, 16], [64, 32, 16]]


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"runtime": "abacus", "threads": 1, "why": ""}', '{"runtime": "onnx", "threads": 0, "why": ""}']
)
def test_a_damaged_choice_is_made_again(text: str, small: LocatedModel, tmp_path: Path, measured: list[list[int]]) -> None:
    choose(small, tmp_path, 1)
    (kept,) = (tmp_path / "runtimes").glob("*.json")
    kept.write_text(text)
    assert choose(small, tmp_path, 1).runtime == "onnx"
    assert json.loads(kept.read_text())["runtime"] == "onnx"
    assert len(measured) == 2


def test_where_nothing_can_be_kept_pytorch_runs_the_model_with_one_warning(
    small: LocatedModel, no_folder: Path, measured: list[list[int]], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        taken = choose(small, no_folder, 3)
    assert (taken.runtime, taken.threads) == ("torch", 3)
    assert len(caplog.records) == 1
    assert measured == []


def test_a_model_that_only_pytorch_can_run_is_not_measured_at_each_start(
    small: LocatedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = []

    def fails(*_: object) -> None:
        tries.append(1)
        raise ModelError("it cannot be exported")

    monkeypatch.setattr("imagesearch.models.runtimes.exports._make", fails)
    assert {choose(small, tmp_path, 1).runtime for _ in range(2)} == {"torch"}
    assert len(tries) == 1


def test_threads_to_try_begin_with_all_cpus(monkeypatch: pytest.MonkeyPatch) -> None:
    for number, wanted in ((1, [1]), (2, [2, 1]), (3, [3, 1]), (64, [64, 32, 16])):
        monkeypatch.setattr(choice, "cpus", lambda number=number: number)
        assert counts(None) == wanted
    assert counts(5) == [5]


def test_a_choice_is_words_for_people() -> None:
    assert Choice("onnx", 2, "why").why == "why"
