"""A figure is judged by its ratio, or by itself, and reads the same in a table, in JSON and in the document."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest

from benchmarks import figures, report, suite
from benchmarks.figures import Figure, figure, middle, record, words


@pytest.fixture
def results(tmp_path, monkeypatch):
    for module in (figures, suite):
        monkeypatch.setattr(module, "RESULTS", tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("ours", "against", "goal", "met"),
    [
        (90, 100, ">= 0.9", True),
        (89, 100, ">= 0.9", False),
        (110, 100, "<= 1.1", True),
        (4.9, None, "<= 5", True),
        (6, None, "<= 5", False),
    ],
)
def test_a_goal_is_held_against_the_ratio_or_where_there_is_none_against_the_figure(ours, against, goal, met):
    assert figure("f", ours, "command", against, goal).met is met


def test_a_figure_without_a_goal_is_neither_met_nor_missed():
    assert figure("f", 3.0, "command").met is None


def test_four_digits_are_kept():
    assert figure("f", 1234.567, "command", 3.000049).ours == 1235
    assert figure("f", 1234.567, "command", 3.000049).against == 3


def test_an_outlier_does_not_move_the_middle():
    assert middle([1.0, 1.1, 50.0]) == 1.1


def test_a_row_reads_like_a_sentence():
    assert words(Figure("f", 11840, 15010.0, 0.7886, ">= 0.5", True, "c")) == ("f", "11,840", "15,010", "0.789", ">= 0.5", "yes")
    assert words(Figure("f", 0.0123, None, None, None, None, "c")) == ("f", "0.0123", "", "", "", "")


def test_what_is_recorded_is_read_back_with_its_machine(results):
    one = figure("f", 1.5, "python -m benchmarks.adds", 3.0, ">= 0.5")
    record("adds", [one], {"rows_per_s": [1, 2]})
    kept = json.loads((results / "adds.json").read_text())
    assert kept["machine"]["cpus"] >= 1
    assert kept["rows_per_s"] == [1, 2]
    [step] = [step for step in suite.SUITE if step.name == "adds"]
    assert step.figures() == [one]


def test_a_benchmark_that_never_ran_has_no_figures(results):
    assert all(step.figures() == [] for step in suite.SUITE)


def test_every_benchmark_of_the_suite_is_a_module():
    for step in (*suite.SUITE, *suite.BESIDE):
        place = report.DOCUMENT.parents[1] / step.module.replace(".", "/")
        assert place.with_suffix(".py").exists() or place.is_dir(), step.module


def test_the_summary_has_all_figures_and_the_document_a_table_each(results, tmp_path, monkeypatch):
    document = tmp_path / "performance.md"
    document.write_text("before\n<!-- figures of adds -->\nold\n<!-- end -->\nafter\n<!-- figures of startup -->\n<!-- end -->\n")
    monkeypatch.setattr(report, "DOCUMENT", document)
    monkeypatch.setattr(report, "SUMMARY", tmp_path / "summary.json")
    one = figure("adds/s", 1.5, "command", 3.0, ">= 0.5")
    record("adds", [one], {})
    assert report.gather() == [one]
    assert json.loads((tmp_path / "summary.json").read_text()) == [asdict(one)]
    assert set(asdict(one)) == {"figure", "ours", "against", "ratio", "goal", "met", "command"}
    text = document.read_text()
    assert "| adds/s | 1.5 | 3 | 0.5 | >= 0.5 | yes |" in text
    assert "old" not in text
    assert text.startswith("before\n")
    assert text.endswith("<!-- end -->\nafter\n<!-- figures of startup -->\n<!-- end -->\n")


def test_the_document_has_a_place_for_every_benchmark():
    text = report.DOCUMENT.read_text()
    for step in suite.SUITE:
        assert report.BEGIN.format(name=step.name) in text, step.name
    assert text.count("<!-- figures of ") == text.count(report.END)


def test_rows_that_chaos_lost_are_a_goal_missed():
    kept = {
        "kills": 100,
        "rows": 2000,
        "lost": 1,
        "doubled": 0,
        "unfinal": 0,
        "wrong": 0,
        "kinds": [{"max_s": 7.5}, {"max_s": None}],
    }
    lost, doubled, *_, seconds = suite.chaos(kept | {"command": "python -m benchmarks.chaos"})
    assert (lost.met, doubled.met, seconds.ours) == (False, True, 7.5)


def test_a_runtime_is_held_against_plain_pytorch_of_the_same_model():
    lines = [
        {"model": "m", "runtime": name, "threads": threads, "batch": batch, "cpu_ms_per_picture": ms}
        for name, ms in (("torch, eager", 50.0), ("onnx", 12.5))
        for threads in (1, 2)
        for batch in (8, 16)
    ]
    [one] = suite.runtimes({"lines": lines, "command": "python -m benchmarks.runtimes"})
    assert (one.ours, one.against, one.ratio) == (12.5, 50.0, 0.25)


def test_a_coarse_decode_that_shows_is_a_goal_missed():
    lines = [{"figure": "coarse", "value": 0.98, "goal": 0.99}, {"figure": "for comparison", "value": 0.5, "goal": None}]
    [one] = suite.draft({"lines": lines, "command": "python -m benchmarks.draft"})
    assert (one.ours, one.met) == (0.98, False)
