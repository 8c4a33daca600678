import json
import subprocess
import sys

import pytest

from config.settings import PROJECT_ROOT
from jobs.stand_back import AUTOGROUP

CHILD = """
import json, os, sys
from jobs.stand_back import AUTOGROUP, stand_back

before = os.getpriority(os.PRIO_PROCESS, 0)
stand_back(int(sys.argv[1]))
said = {
    "alone": os.getsid(0) == os.getpid() != os.getsid(os.getppid()),
    "nicer": os.getpriority(os.PRIO_PROCESS, 0) - before,
    "patient": os.sched_getscheduler(0) == os.SCHED_BATCH,
    "group": AUTOGROUP.read_text() if AUTOGROUP.exists() else None,
}
print(json.dumps(said))
"""

needs_autogroups = pytest.mark.skipif(not AUTOGROUP.exists(), reason="this kernel gives sessions no share of their own")


def child(nice, **how):
    command = [sys.executable, "-c", CHILD, str(nice)]
    done = subprocess.run(command, cwd=PROJECT_ROOT, capture_output=True, text=True, check=True, **how)
    return json.loads(done.stdout)


@pytest.mark.parametrize("leads", [True, False], ids=["leader-of-a-group", "member-of-a-group"])
def test_a_worker_leaves_the_session_of_its_node(leads):
    said = child(5, process_group=0 if leads else None)
    assert said["alone"]
    assert said["nicer"] == 5
    assert said["patient"]


@needs_autogroups
def test_its_own_session_is_set_back_and_no_other():
    mine = AUTOGROUP.read_text()
    assert child(5, process_group=0)["group"].endswith("nice 5\n")
    assert AUTOGROUP.read_text() == mine


@needs_autogroups
def test_a_session_that_cannot_be_left_is_not_set_back():
    said = child(5, start_new_session=True)
    assert said["nicer"] == 5
    assert said["group"].endswith("nice 0\n")


def test_without_niceness_nothing_changes():
    said = child(0, process_group=0)
    assert not said["alone"]
    assert said["nicer"] == 0
    assert not said["patient"]
