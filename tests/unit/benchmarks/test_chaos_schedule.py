"""The schedule of a chaos run: had again by its seed, and every kind soon in it."""

from itertools import pairwise

import pytest

from benchmarks.chaos.pictures import BAD, bad_picture, picture
from benchmarks.chaos.schedule import DEADLY, KILLS, KINDS, OTHERS, schedule
from config.sections import ImageSettings
from imagesearch.errors import ImageError
from imagesearch.images.decode import decode


def test_the_same_seed_gives_the_same_strikes_and_a_longer_run_begins_like_a_short_one():
    assert schedule(7, 100) == schedule(7, 100)
    assert schedule(7, 100) != schedule(8, 100)
    short = schedule(7, 12)
    assert schedule(7, 100)[: len(short)] == short


@pytest.mark.parametrize("seed", range(5))
def test_twelve_kills_are_of_every_kind_that_kills_and_a_hundred_are_a_hundred(seed):
    twelve, hundred = ([one.kind for one in schedule(seed, kills)] for kills in (12, 100))
    assert set(KILLS) <= set(twelve)
    assert sum(kind in DEADLY for kind in twelve) == 12
    assert sum(kind in DEADLY for kind in hundred) == 100
    assert set(hundred) == set(KILLS | OTHERS)


def test_only_the_kinds_that_were_asked_for_strike_and_kinds_that_kill_nothing_count_where_they_are_alone():
    assert {one.kind for one in schedule(1, 30, ["head", "redis"])} == {"head", "redis"}
    assert [one.kind for one in schedule(1, 3, ["broker"])] == ["broker"] * 3
    assert [one.kind for one in schedule(1, 3, ["slow"])] == ["slow"] * 3


def test_two_strikes_at_once_are_of_two_kinds_and_three_never_meet():
    for seed in range(20):
        strikes = schedule(seed, 100, KINDS)
        assert not strikes[0].overlaps
        for before, after in pairwise(strikes):
            assert not (after.overlaps and (before.overlaps or before.kind == after.kind))
    assert any(one.overlaps for one in strikes)


def test_a_picture_is_the_same_bytes_in_every_run_and_like_no_other():
    assert picture(3) == picture(3)
    assert len({picture(number) for number in range(100)}) == 100


@pytest.mark.parametrize("code", sorted(set(BAD) - {"source_not_found"}))
def test_a_bad_picture_has_the_fault_that_it_is_named_after(code):
    with pytest.raises(ImageError) as raised:
        decode(bad_picture(5, code), ImageSettings())
    assert raised.value.code == code


def test_of_a_picture_that_is_not_there_there_are_no_bytes():
    assert bad_picture(5, "source_not_found") is None
