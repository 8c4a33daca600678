"""The clock of a driver that may be stopped."""

from jobs.running_clock import LONGEST_STEP_S, RunningClock


def test_it_counts_what_its_process_ran_and_not_what_it_slept():
    readings = iter([1000.0, 1000.5, 1001.0, 4601.0, 4601.25])
    clock = RunningClock(lambda: next(readings))
    assert [clock.now(), clock.now()] == [0.5, 1.0]
    assert clock.now() == 1.0 + LONGEST_STEP_S
    assert clock.now() == 1.25 + LONGEST_STEP_S
