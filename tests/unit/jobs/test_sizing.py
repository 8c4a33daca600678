"""How many workers a stage gets: the policy, without Ray and without waiting."""

import pytest

from jobs.sizing import DEPTH, PRESSURE_S, Sizing, least_busy, room

FULL = DEPTH


def sizing(smallest=1, largest=8, idle_s=30.0, progress=8):
    one = Sizing(smallest, largest, idle_s)
    for _ in range(progress):
        one.progressed()
    return one


def pressed(one, loads, opening=0):
    """What is missing once the stage has been short of workers for long enough."""
    one.missing(100.0, loads, opening)
    return one.missing(100.0 + PRESSURE_S, loads, opening)


def test_a_stage_begins_with_its_least_number_and_is_brought_back_to_it():
    one = sizing(smallest=3)
    assert one.missing(0.0, [], 0) == 3
    assert one.missing(0.0, [], 3) == 0
    assert one.missing(0.0, [0], 1) == 1


def test_it_grows_when_every_worker_has_work_behind_what_it_does_and_not_before():
    assert pressed(sizing(), [FULL]) == 1
    assert pressed(sizing(), [FULL, FULL - 1]) == 0
    assert pressed(sizing(), [FULL, 0]) == 0


def test_a_moment_of_pressure_is_no_reason_to_grow():
    one = sizing()
    assert one.missing(0.0, [FULL], 0) == 0
    assert one.missing(PRESSURE_S / 2, [1], 0) == 0
    assert one.missing(PRESSURE_S, [FULL], 0) == 0
    assert one.missing(2 * PRESSURE_S, [FULL], 0) == 1


def test_a_stage_whose_work_waits_for_a_later_one_does_not_grow():
    one = sizing()
    one.missing(0.0, [FULL], 0, later_pressed=True)
    assert one.missing(PRESSURE_S, [FULL], 0, later_pressed=True) == 0
    # It must have been short of workers for a while by itself.
    assert one.missing(PRESSURE_S + 1, [FULL], 0) == 0
    assert one.missing(2 * PRESSURE_S + 1, [FULL], 0) == 1


def test_it_grows_by_as_many_as_it_has_up_to_its_largest_number():
    assert pressed(sizing(), [FULL] * 3) == 3
    assert pressed(sizing(), [FULL] * 6) == 2
    assert pressed(sizing(), [FULL] * 8) == 0


def test_it_does_not_grow_while_its_workers_all_wait_for_a_store_and_get_nothing_done():
    assert pressed(sizing(progress=0), [FULL]) == 0
    assert pressed(sizing(progress=1), [FULL] * 2) == 0
    one = sizing(progress=2)
    assert pressed(one, [FULL] * 2) == 2
    assert one.missing(200.0, [FULL] * 4, 0) == 0
    for _ in range(4):
        one.progressed()
    assert one.missing(201.0, [FULL] * 4, 0) == 4


def test_workers_that_cannot_be_placed_are_not_added_to_for_ever():
    assert pressed(sizing(), [FULL], opening=1) == 0
    assert pressed(sizing(), [FULL] * 4, opening=3) == 1


def test_without_a_ready_worker_there_is_no_pressure_and_no_growth():
    assert pressed(sizing(), [], opening=1) == 0


def test_a_largest_number_below_the_least_means_the_least():
    one = sizing(smallest=4, largest=1)
    assert one.missing(0.0, [], 0) == 4
    assert pressed(one, [FULL] * 4) == 0


def test_workers_that_idled_long_enough_are_too_many_down_to_the_least_number():
    one = sizing(smallest=2, idle_s=10.0)
    one.missing(0.0, [0] * 5, 0)
    assert one.surplus(9.0, [0.0] * 5, 5, 0) == (0, 0)
    assert one.surplus(10.0, [0.0, 0.0, 5.0], 5, 0) == (0, 2)
    assert one.surplus(10.0, [0.0] * 5, 5, 0) == (0, 3)
    assert one.surplus(10.0, [0.0] * 2, 2, 0) == (0, 0)


def test_a_worker_that_is_not_needed_any_more_before_it_was_placed_is_given_up():
    one = sizing(idle_s=10.0)
    one.missing(0.0, [FULL], 1)
    assert one.surplus(100.0, [], 1, 1) == (0, 0)
    one.missing(100.0, [0], 1)
    assert one.surplus(105.0, [], 1, 1) == (0, 0)
    assert one.surplus(110.0, [], 1, 1) == (1, 0)


def test_the_first_workers_are_waited_for_however_long_they_take():
    one = sizing(smallest=1, idle_s=10.0)
    one.missing(0.0, [], 1)
    assert one.surplus(1000.0, [], 0, 1) == (0, 0)


@pytest.mark.parametrize(
    ("loads", "place"), [([], None), ([0], 0), ([1, 0, 0], 1), ([1, 1], 0), ([FULL, FULL], None), ([FULL, 1], 1)]
)
def test_the_next_batch_goes_to_the_first_of_those_with_the_least_to_do(loads, place):
    assert least_busy(loads) == place


def test_the_room_grows_with_the_workers_and_with_nothing_else():
    assert room(4, [0, 0, 0]) == room(4, [1, 1, 1]) == 4
    assert room(4, [10, 1, 1]) == 4 + 9 * DEPTH
    assert room(4, [2, 2, 2]) == 4 + 3 * DEPTH
