"""A process of a load lets others of its machine go first: somebody waits for their answers."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

FURTHEST = 19
# Where the kernel shares the processors among sessions, not processes. Not on every system, and without effect in a container.
AUTOGROUP = Path("/proc/self/autogroup")
SESSIONS = Path("/proc/sys/kernel/sched_autogroup_enabled")
GROUPS = Path("/proc/self/cgroup")
UNIFIED = Path("/sys/fs/cgroup")


def stand_back(nice: int) -> None:
    """Set this process back by `nice`, 0 (not at all) to 19 (as far as can be), as Unix niceness.

    Linux's autogroups give each session its share of the processors whatever the niceness within it: all of a node's actors
    together would get as much as the one process of a store that shares their machine. So the process leaves its session for one
    of its own, which is set back as a whole.
    """
    if not nice:
        return
    os.nice(nice)
    # Whoever wakes waits for the next tick, rather than take a processor from whoever computes: each such switch costs the caches
    # of both, and the threads that fetch wake a thousand times a second.
    if hasattr(os, "SCHED_BATCH"):  # Linux
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    # Where it may not leave, what it did to the session it is in it would do to others.
    with suppress(OSError):
        # The leader of a group, as each of Ray's workers is, may not leave before it is a mere member of one.
        os.setpgid(0, os.getpgid(os.getppid()))
        os.setsid()
        AUTOGROUP.write_text(str(nice))
        # For a thread of a search that wakes the kernel looks for an idle processor, and takes one for idle that only this class
        # keeps busy. The class alone would leave a load next to nothing of a busy machine: it is for those with a session's share.
        if nice == FURTHEST and sessions_share():
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


def sessions_share() -> bool:
    """Say whether the kernel shares the processors among sessions, not among control groups, as in containers."""
    try:
        groups = [line.split(":", 2) for line in GROUPS.read_text().splitlines()]
        if SESSIONS.read_text().strip() != "1":
            return False
    except OSError:
        return False
    for _, controllers, path in groups:
        if "cpu" in controllers.split(","):  # version 1: of its root alone there is none
            return path == "/"
    # Version 2 has them in all groups that it shares among, and not in the root of the machine.
    within = [UNIFIED / path.lstrip("/") for _, controllers, path in groups if not controllers]
    return not any((folder / "cpu.weight").exists() for one in within for folder in (one, *one.parents))
