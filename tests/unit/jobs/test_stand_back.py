import json
import subprocess
import sys

import pytest

from config.settings import PROJECT_ROOT
from jobs import stand_back
from jobs.stand_back import AUTOGROUP, sessions_share

CHILD = """
import json, os, sys
from jobs.stand_back import AUTOGROUP, stand_back

before = os.getpriority(os.PRIO_PROCESS, 0)
stand_back(int(sys.argv[1]))
said = {
    "alone": os.getsid(0) == os.getpid() != os.getsid(os.getppid()),
    "nicer": os.getpriority(os.PRIO_PROCESS, 0) - before,
    "class": {os.SCHED_OTHER: "other", os.SCHED_BATCH: "batch", os.SCHED_IDLE: "idle"}[os.sched_getscheduler(0)],
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
    assert said["class"] == "batch"


@needs_autogroups
def test_its_own_session_is_set_back_and_no_other():
    mine = AUTOGROUP.read_text()
    assert child(5, process_group=0)["group"].endswith("nice 5\n")
    assert AUTOGROUP.read_text() == mine


@pytest.mark.parametrize("leaves", [True, False])
def test_whoever_stands_back_as_far_as_can_be_leaves_processors_idle_for_others(leaves):
    said = child(19, process_group=0) if leaves else child(19, start_new_session=True)
    assert said["class"] == ("idle" if leaves and sessions_share() else "batch")


@needs_autogroups
def test_a_session_that_cannot_be_left_is_not_set_back():
    said = child(5, start_new_session=True)
    assert said["nicer"] == 5
    assert said["class"] == "batch"
    assert said["group"].endswith("nice 0\n")


def test_without_niceness_nothing_changes():
    said = child(0, process_group=0)
    assert not said["alone"]
    assert said["nicer"] == 0
    assert said["class"] == "other"


@pytest.mark.parametrize(
    ("enabled", "groups", "weighed", "share"),
    [
        ("1", "3:cpu,cpuacct:/\n0::/\n", [], True),
        ("1", "3:cpu,cpuacct:/docker/1f\n0::/\n", [], False),
        ("1", "3:cpuset:/docker/1f\n0::/user.slice/1\n", [], True),
        ("1", "0::/user.slice/1\n", ["user.slice/1", "user.slice"], False),
        ("1", "0::/user.slice/1\n", ["user.slice"], False),
        ("1", "0::/user.slice/1\n", ["system.slice"], True),
        ("1", "0::/\n", [""], False),
        ("0", "0::/\n", [], False),
    ],
)
def test_sessions_share_the_processors_where_no_control_groups_do(tmp_path, monkeypatch, enabled, groups, weighed, share):
    for name, text in (("SESSIONS", enabled + "\n"), ("GROUPS", groups)):
        (tmp_path / name).write_text(text)
        monkeypatch.setattr(stand_back, name, tmp_path / name)
    for name in weighed:
        (tmp_path / "cgroup" / name).mkdir(parents=True, exist_ok=True)
        (tmp_path / "cgroup" / name / "cpu.weight").write_text("100\n")
    monkeypatch.setattr(stand_back, "UNIFIED", tmp_path / "cgroup")
    assert sessions_share() is share


def test_where_the_kernel_says_nothing_of_it_sessions_share_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(stand_back, "SESSIONS", tmp_path / "none")
    assert not sessions_share()
