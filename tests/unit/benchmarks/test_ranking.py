"""The exact ranking that answers are held against."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.ranking import ExactRanking
from imagesearch.types import Vector


def at(degrees: float) -> Vector:
    return np.array([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))], np.float32)


RANKING = ExactRanking({1: at(0), 2: at(10), 3: at(20), 4: at(-20), 5: at(90)})


def test_the_exact_answer_agrees_in_any_order() -> None:
    assert RANKING.agreement(at(0), [2, 1], 2) == 1.0


def test_a_tie_at_the_last_place_may_go_either_way() -> None:
    assert RANKING.agreement(at(0), [1, 2, 3], 3) == RANKING.agreement(at(0), [1, 2, 4], 3) == 1.0


def test_a_wrong_id_takes_a_right_one_s_place() -> None:
    assert RANKING.agreement(at(0), [1, 5], 2) == 0.5


def test_an_answer_that_is_short_or_says_an_id_twice_loses_that_place() -> None:
    assert RANKING.agreement(at(0), [1], 2) == RANKING.agreement(at(0), [1, 1], 2) == 0.5


def test_more_places_than_vectors_ask_for_all_of_them() -> None:
    assert RANKING.agreement(at(0), [1, 2, 3, 4, 5], 10) == 1.0
    assert RANKING.agreement(at(0), [1, 2, 3, 4], 10) == pytest.approx(0.8)
