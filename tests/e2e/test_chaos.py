"""A short chaos run: everything that a following load stands on is killed, by the runner of benchmarks/chaos with a fixed seed."""

import json
import subprocess
import sys

import pytest

from benchmarks.chaos.schedule import KILLS
from config.settings import PROJECT_ROOT

KINDS = [*KILLS, "stop", "clock"]


def run(*options):
    """Return the runner's exit code and its words. However a test ends, the runner is let end what it started."""
    command = [sys.executable, "-m", "benchmarks.chaos", *options]
    with subprocess.Popen(command, cwd=PROJECT_ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as runner:
        try:
            said, _ = runner.communicate()
        finally:
            if runner.poll() is None:
                runner.terminate()
    return runner.returncode, said


@pytest.mark.timeout(900)
def test_twelve_kills_of_every_kind_lose_and_double_nothing(tmp_path):
    results = tmp_path / "chaos.json"
    # Milvus Lite comes back within seconds; the kill of a whole Milvus server is a test of its own (test_kill.py).
    options = ["--seed", "7", "--kills", "12", "--milvus", "lite", "--results", str(results), "--kinds", *KINDS]
    code, said = run(*options)
    assert code == 0, said

    figures = json.loads(results.read_text())
    assert figures["clean"]
    assert figures["kills"] == 12
    assert {one["kind"] for one in figures["kinds"]} == set(KINDS)
    assert (figures["lost"], figures["doubled"], figures["unfinal"], figures["wrong"]) == (0, 0, 0, 0)
    assert figures["audit"]["left"] == 0
    assert figures["pictures"] == figures["audit"]["vectors"] > 0
    # A following load outlives each store and each node; both ended in good order, with some rows that had to fail.
    assert figures["loads_that_ended_by_themselves"] == []
    assert figures["exit_codes_when_stopped"] == [1, 1]


@pytest.mark.timeout(600)
def test_a_broker_that_is_killed_and_forgets_everything_costs_no_row(tmp_path):
    results = tmp_path / "chaos.json"
    options = ["--seed", "7", "--kills", "4", "--sql", "sqlite", "--milvus", "lite", "--results", str(results), "--kinds", "broker"]
    code, said = run(*options)
    assert code == 0, said

    figures = json.loads(results.read_text())
    assert [(one["kind"], one["strikes"]) for one in figures["kinds"]] == [("broker", 4)]
    assert (figures["lost"], figures["doubled"], figures["unfinal"], figures["wrong"]) == (0, 0, 0, 0)
    assert figures["audit"]["left"] == 0
    # These no loader heard of: it was the sweep that found them.
    assert figures["rows_never_announced"] > 0
    assert figures["loads_that_ended_by_themselves"] == []
