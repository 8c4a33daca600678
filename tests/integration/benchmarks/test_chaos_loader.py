"""A load of a chaos run that cannot be started says so, and why."""

import sys
import time

import pytest

from benchmarks.chaos.loader import FOLLOW, Loader
from imagesearch.errors import ConfigError, StoreUnavailable

PATIENCE_S = 120


def test_drivers_that_end_by_themselves_are_told_with_the_end_of_their_log(tmp_path):
    # The real command, with settings that it does not take.
    loader = Loader("loader-0", FOLLOW, {"IMAGESEARCH_LOAD__BATCH_ROWS": "many"}, tmp_path)
    loader.start()
    try:
        with pytest.raises(StoreUnavailable) as raised:
            for _ in range(PATIENCE_S * 10):
                loader.check_first()
                time.sleep(0.1)
    finally:
        loader.stop()
    assert loader.ended == [2] * len(loader.ended)
    assert "loader-0 cannot be started, exit codes 2, 2, 2" in raised.value.detail
    assert "IMAGESEARCH_LOAD__BATCH_ROWS" in raised.value.detail


def test_a_driver_that_was_killed_is_no_false_start(tmp_path):
    loader = Loader("loader-0", [sys.executable, "-c", "import time; time.sleep(600)"], {}, tmp_path)
    loader.start()
    try:
        for kills in range(1, 5):
            loader.excuse()
            loader.process().kill()
            end = time.monotonic() + PATIENCE_S
            while loader.starts <= kills or loader.process() is None:
                assert time.monotonic() < end
                time.sleep(0.05)
        loader.check_first()
        assert loader.ended == []
    finally:
        loader.stop()


def test_a_program_that_is_gone_when_it_is_to_start_again_is_told(tmp_path):
    program = tmp_path / "program"
    program.symlink_to(sys.executable)
    loader = Loader("loader-0", [str(program), "-c", "pass"], {}, tmp_path)
    loader.start()
    program.unlink()
    try:
        with pytest.raises(ConfigError, match=r"loader-0 cannot be started: .*program"):
            for _ in range(PATIENCE_S * 10):
                loader.check()
                time.sleep(0.1)
    finally:
        loader.stop()


def test_a_program_that_is_not_there_is_told_at_once(tmp_path):
    with pytest.raises(ConfigError, match=r"loader-0 cannot be started: .*none"):
        Loader("loader-0", [str(tmp_path / "none")], {}, tmp_path).start()
