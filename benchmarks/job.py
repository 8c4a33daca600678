"""One bulk load as a process of its own, from its start to its end: rates, stage times, processor seconds, memory."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select

from benchmarks.stack import Stack
from benchmarks.usage import Spent, sampled
from config import Settings
from config.settings import PROJECT_ROOT
from imagesearch.stores.sql.add_log import AddLog
from imagesearch.stores.sql.database import Database
from imagesearch.stores.sql.tables import image_add_log
from imagesearch.types import AddRequest
from jobs.sizing import room
from jobs.stages import stages_of

BATCH = 1000
SOME_FAILED = 1
STAGES = re.compile(r"seconds by stage, summed over batches: (\{.*\})")


@dataclass(frozen=True, slots=True)
class Commit:
    """One transaction that made rows final: when, in Unix time, and how many."""

    when: float
    rows: int


@dataclass(frozen=True, slots=True)
class Run:
    """What a load came to; `ahead` batches may be under way when one is committed."""

    submitted: float
    ended: float
    commits: list[Commit]
    ahead: int
    stages: dict[str, float]
    spent: Spent

    @property
    def rows(self) -> int:
        """Return how many rows became final."""
        return sum(one.rows for one in self.commits)

    @property
    def images_per_s(self) -> float:
        """Return the rate from submission to end, start-up included."""
        return self.rows / (self.ended - self.submitted)

    @property
    def steady(self) -> list[Commit]:
        """Return the commits between which the pipe was full: at the first as at the last, so that neither flatters.

        When the first batch is committed others are decoded already; when the last one is, none are.
        """
        return self.commits[: max(2, len(self.commits) - min(self.ahead, len(self.commits) // 2))]

    @property
    def steady_per_s(self) -> float:
        """Return the rate while the pipe was full."""
        first, *rest = self.steady
        return sum(one.rows for one in rest) / (rest[-1].when - first.when)

    @property
    def cpu_s(self) -> dict[str, float]:
        """Return the processor seconds of a picture by role while the pipe was full, the stores' and Ray's own included."""
        first, *rest = self.steady
        rows = sum(one.rows for one in rest)
        return {role: seconds / rows for role, seconds in self.spent.between(first.when, rest[-1].when).most_common()}

    def detail(self) -> dict[str, object]:
        """Return what is kept of it."""
        cpu = {role: round(1000 * seconds, 3) for role, seconds in self.cpu_s.items()}
        return {
            "rows": self.rows,
            "seconds": round(self.ended - self.submitted, 2),
            "first_s": round(self.commits[0].when - self.submitted, 2),
            "last_s": round(self.commits[-1].when - self.submitted, 2),
            "images_per_s": round(self.images_per_s, 2),
            "steady_per_s": round(self.steady_per_s, 2),
            "stage_s": self.stages,
            "cpu_ms_a_row": cpu,
        }


def append(settings: Settings, paths: Sequence[Path]) -> None:
    """Ask for the pictures to be added."""
    database = Database(settings.sql)
    add_log = AddLog(database)
    for start in range(0, len(paths), BATCH):
        add_log.append([AddRequest(str(path)) for path in paths[start : start + BATCH]])
    database.close()


def load(stack: Stack, settings: Settings, more: Mapping[str, str], *, memory: bool = False) -> Run:
    """Load what is pending and measure it. Raises RuntimeError where the job did not end well."""
    command = [sys.executable, "-m", "jobs.bulk_load"]
    with sampled(0.25, memory=memory) as spent:
        submitted = time.time()
        done = subprocess.run(command, cwd=PROJECT_ROOT, env=stack.environment(more), capture_output=True, text=True)
        ended = time.time()
    stages = STAGES.search(done.stderr)
    if done.returncode not in (0, SOME_FAILED) or stages is None:
        raise RuntimeError(f"the load ended with {done.returncode}:\n{done.stderr[-4000:]}")
    # Of this load: others may have been before it.
    committed = [one for one in commits(settings) if one.when >= submitted]
    report = json.loads(done.stdout.splitlines()[-1])
    if sum(one.rows for one in committed) != report["loaded"] + report["duplicate"]:
        raise RuntimeError(f"rows are not final:\n{done.stdout}\n{done.stderr[-4000:]}")
    return Run(submitted, ended, committed, ahead(settings), ast.literal_eval(stages[1]), spent)


def ahead(settings: Settings) -> int:
    """Return how many batches may be under way with as many workers as there may be."""
    return room(settings.load.batches_in_flight, [stage.largest for stage in stages_of(settings)])


def commits(settings: Settings) -> list[Commit]:
    """Return the load's transactions in order."""
    log = image_add_log.c
    query = select(log.load_time, func.count()).where(log.load_time.is_not(None)).group_by(log.load_time).order_by(log.load_time)
    database = Database(settings.sql)
    with database.read() as connection:
        found = [Commit(when.timestamp(), rows) for when, rows in connection.execute(query)]
    database.close()
    return found
