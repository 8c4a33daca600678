"""What a run costs in processor time and memory, sampled: a load's actors end with it, and nobody is left to ask."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import time

import psutil

# What a process works as, by words of its command line, the first that fit; Ray names its workers after what they run.
ROLES = (
    ("ray::FetchWorker", "fetch"),
    ("ray::EmbedWorker", "embed"),
    ("ray::WriteWorker", "write"),
    ("ray::ServeReplica", "service"),
    ("ray::ProxyActor", "service"),
    ("ray::", "other actors"),
    ("-m jobs.", "driver"),
    ("benchmarks.engines.drive", "driver"),
    ("redis-server", "redis"),
    ("mariadbd", "sql"),
    ("milvus", "milvus"),
    ("ray", "ray"),
)
# The parts of a load that are its own: what these take in memory is the job's.
JOB = ("driver", "fetch", "embed", "write", "other actors")


@dataclass
class Spent:
    """Processor seconds by role since the sampling began, and as they stood at each look; the same for the job's memory in bytes.

    Memory is the proportional share (PSS), in which a page that several processes map, as Ray's objects are, counts once.
    """

    cpu_s: Counter[str] = field(default_factory=Counter)
    looks: list[tuple[float, Counter[str]]] = field(default_factory=list)
    memory: list[tuple[float, int]] = field(default_factory=list)

    @property
    def peak_bytes(self) -> int:
        """Return the most memory that the job held at one look."""
        return max((held for _, held in self.memory), default=0)

    def between(self, start: float, end: float) -> Counter[str]:
        """Return the processor seconds by role from one moment to another, in Unix time."""
        before, after = self._at(start), self._at(end)
        return Counter({role: seconds - before[role] for role, seconds in after.items()})

    def _at(self, moment: float) -> Counter[str]:
        return next((cpu for when, cpu in reversed(self.looks) if when <= moment), Counter())


@contextmanager
def sampled(pause_s: float = 0.5, *, memory: bool = False) -> Iterator[Spent]:
    """Sample the children of this process, and theirs, while the block runs. The figures are whole once it has ended."""
    sampler = _Sampler(pause_s, memory)
    sampler.look()
    sampler.start()
    try:
        yield sampler.spent
    finally:
        sampler.done.set()
        sampler.join()
        sampler.look()


class _Sampler(threading.Thread):
    def __init__(self, pause_s: float, memory: bool) -> None:
        super().__init__(name="usage", daemon=True)
        self.done = threading.Event()
        self.spent = Spent()
        self._pause_s = pause_s
        self._memory = memory
        self._first = True
        self._seconds: dict[psutil.Process, float] = {}
        self._roles: dict[psutil.Process, str] = {}

    def run(self) -> None:
        while not self.done.wait(self._pause_s):
            self.look()

    def look(self) -> None:
        held = 0
        for process in psutil.Process().children(recursive=True):
            try:
                times = process.cpu_times()
                role = self._role(process)
                if self._memory and role in JOB:
                    held += _share(process.pid)
            except (psutil.Error, OSError):
                continue
            # What a process spent before the sampling began is not this run's; what a new one spent before it was first seen is.
            before = self._seconds.get(process, times.user + times.system if self._first else 0.0)
            self.spent.cpu_s[role] += times.user + times.system - before
            self._seconds[process] = times.user + times.system
        self._first = False
        self.spent.looks.append((time(), Counter(self.spent.cpu_s)))
        if held:
            self.spent.memory.append((time(), held))

    def _role(self, process: psutil.Process) -> str:
        known = self._roles.get(process)
        # A worker of Ray idles under its own name until it is given an actor.
        if known is None or known in ("ray", "other actors"):
            command = " ".join(process.cmdline())
            known = next((role for word, role in ROLES if word in command), "other")
            self._roles[process] = known
        return known


def _share(pid: int) -> int:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return 1024 * int(line.split()[1])
    return 0
