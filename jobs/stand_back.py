"""A process of a load lets others of its machine go first: somebody waits for their answers."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

# Where the kernel shares the processors among sessions, not processes. Not on every system, and without effect in a container.
AUTOGROUP = Path("/proc/self/autogroup")


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
