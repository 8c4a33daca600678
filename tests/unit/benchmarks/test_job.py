"""A load's steady rate leaves out what its start and its end would add to it."""

from __future__ import annotations

from collections import Counter

import pytest

from benchmarks.job import Commit, Run
from benchmarks.usage import Spent


def load(commits, ahead=2):
    looks = [(100.0 + n, Counter({"embed": 0.5 * n, "fetch": 0.1 * n})) for n in range(20)]
    spent = Spent(Counter(looks[-1][1]), looks)
    return Run(100.0, 120.0, [Commit(*one) for one in commits], ahead, {"fetch": 1.0}, spent)


def test_batches_that_end_while_nothing_more_begins_do_not_count():
    # One batch a second while the pipe is full, two at once at its end.
    run = load([(105.0, 10), (106.0, 10), (107.0, 10), (108.0, 10), (108.1, 10), (108.2, 10)])
    assert run.steady_per_s == pytest.approx(10.0)
    assert run.images_per_s == pytest.approx(3.0)


def test_a_load_of_two_batches_still_has_a_rate():
    assert load([(105.0, 10), (106.0, 10)]).steady_per_s == pytest.approx(10.0)


def test_processor_time_is_that_of_the_steady_part_by_role():
    run = load([(105.0, 10), (106.0, 10), (107.0, 10), (108.0, 10), (108.1, 10)])
    assert run.cpu_s == pytest.approx({"embed": 0.05, "fetch": 0.01})
    assert run.detail()["cpu_ms_a_row"] == {"embed": 50.0, "fetch": 10.0}
