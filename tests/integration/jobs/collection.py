"""Pictures to load, the jobs that load them, and what must be true of them in the end."""

import itertools
import json
import os
import re
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest

from config import load_settings
from config.settings import PROJECT_ROOT
from imagesearch.stores.factory import open_stores
from imagesearch.stores.sql.migrate import migrate
from imagesearch.types import MAX_ID, AddRequest, LogState
from jobs.difference import differences
from tests.e2e.conftest import drawing

PATIENCE_S = 120
SEEDS = itertools.count()


def until(condition, *jobs):
    """Wait for it; none of the jobs may end before."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, [job.log for job in jobs]
        assert all(job.process.poll() is None for job in jobs), [job.log for job in jobs]
        time.sleep(0.02)


@contextmanager
def down(server):
    """Have a store end hard, and come back."""
    process = server.process()
    for one in (*process.children(recursive=True), process):
        one.kill()
    try:
        yield
    finally:
        server.start()


class Job:
    """A bulk load as a process of its own, its log in a file."""

    def __init__(self, env, folder, *options):
        number = next(SEEDS)
        self._log, self._out = folder / f"{number}.log", folder / f"{number}.out"
        with self._log.open("wb") as log, self._out.open("wb") as out:
            command = [sys.executable, "-m", "jobs.bulk_load", *options]
            self.process = subprocess.Popen(command, cwd=PROJECT_ROOT, env=env, stdout=out, stderr=log)

    @property
    def log(self):
        return self._log.read_text()

    @property
    def ready(self):
        return "the workers are ready" in self.log

    @property
    def vectors(self):
        """How many pictures it embedded, once it has ended."""
        return int(re.search(r"(\d+) vectors were made", self.log)[1])

    def signal(self, number):
        os.kill(self.process.pid, number)

    def report(self, code=0):
        """Wait for its end and return its last line."""
        assert self.process.wait(PATIENCE_S) == code, self.log
        return json.loads(self._out.read_text().splitlines()[-1])


class Collection:
    """A database, vectors and a folder of pictures, empty at first."""

    def __init__(self, env, folder):
        self.env = env
        self.log_ids = []
        self.pictures = 0
        self._folder = folder
        self._jobs = []
        with pytest.MonkeyPatch.context() as patch:
            for name in [name for name in os.environ if name.startswith("IMAGESEARCH_")]:
                patch.delenv(name)
            for name, value in env.items():
                patch.setenv(name, value)
            self.settings = load_settings()
        migrate(self.settings.sql)
        self.stores = open_stores(self.settings)

    def __enter__(self):
        self._empty()
        return self

    def __exit__(self, *_):
        for job in self._jobs:
            if job.process.poll() is None:
                job.process.kill()
            job.process.wait()
        self._empty()
        self.stores.close()

    def add(self, count):
        """Ask for so many new pictures, each like no other, to be added."""
        paths = [self._folder / f"{next(SEEDS)}.png" for _ in range(count)]
        for path in paths:
            path.write_bytes(drawing(str(path)))
        self.pictures += count
        self.log_ids += [row.log_id for row in self.stores.add_log.append([AddRequest(str(path)) for path in paths])]

    def job(self, *options, **more):
        self._jobs.append(Job(self.env | {f"IMAGESEARCH_{name}": value for name, value in more.items()}, self._folder, *options))
        return self._jobs[-1]

    def following(self, **more):
        """A job that follows, once it has workers."""
        job = self.job("--follow", **more)
        until(lambda: job.ready, job)
        return job

    @property
    def pending(self):
        return self.stores.add_log.backlog().pending

    def check(self):
        """Every row is final and loaded, each picture has one vector, and the audit has nothing to say."""
        rows = [self.stores.add_log.get(log_id) for log_id in self.log_ids]
        assert [row for row in rows if row.state is not LogState.LOADED] == []
        assert len({row.milvus_id for row in rows}) == self.pictures
        assert list(differences(self.stores.catalog, self.stores.index)) == []
        assert self.stores.index.count() == self.stores.catalog.count() == self.pictures

    def _empty(self):
        self.stores.index.delete(self.stores.index.ids_between(-MAX_ID, MAX_ID))
