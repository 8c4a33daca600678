"""kill -9 of the bulk job in the middle, then a second run: nothing lost, nothing doubled."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from config.settings import PROJECT_ROOT
from imagesearch.stores.factory import open_stores
from imagesearch.types import AddRequest, LogState
from tests.e2e.conftest import drawing, environment
from tests.fixtures.fresh_stores import fresh

PICTURES = 400


@pytest.fixture
def collection(production, production_settings, ray_node, mariadb, tmp_path):
    """A database, a folder of pictures and a model of its own: what the other tests added is not in the way."""
    mariadb.execute("CREATE DATABASE killed")
    env = environment(
        production,
        ray_node,
        {
            "IMAGESEARCH_SQL__URL": mariadb.url("killed"),
            "IMAGESEARCH_MODEL__NAME": "tiny",
            "IMAGESEARCH_SOURCES__ROOTS": json.dumps([str(tmp_path)]),
        },
    )
    with pytest.MonkeyPatch.context() as patch:
        for name, value in env.items():
            patch.setenv(name, value)
        from config import load_settings

        settings = load_settings()
    stores = open_stores(settings)
    fresh(settings, stores.fingerprint.collection)
    for n in range(PICTURES):
        (tmp_path / f"{n}.png").write_bytes(drawing(f"kill-{n}"))
    # Every twentieth path twice: two rows, one picture.
    paths = [f"{tmp_path}/{n}.png" for n in range(PICTURES)] + [f"{tmp_path}/{n}.png" for n in range(0, PICTURES, 20)]
    rows = stores.add_log.append([AddRequest(path, {"n": n}) for n, path in enumerate(paths)])
    yield env, stores, [row.log_id for row in rows]
    stores.close()
    mariadb.execute("DROP DATABASE killed")


def bulk_load(env):
    return subprocess.Popen(
        [sys.executable, "-m", "jobs.bulk_load"],
        cwd=PROJECT_ROOT,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.timeout(300)
def test_a_killed_job_loses_and_doubles_nothing(collection):
    env, stores, logs = collection
    for _ in range(2):
        with bulk_load(env) as job:
            before = stores.add_log.backlog().pending
            while job.poll() is None and stores.add_log.backlog().pending > before - 40:
                time.sleep(0.02)
            os.kill(job.pid, signal.SIGKILL)
            job.communicate()
        assert job.returncode == -signal.SIGKILL, "the job was over before it could be killed"
    assert 0 < stores.add_log.backlog().pending < len(logs)

    with bulk_load(env) as job:
        out, err = job.communicate()
    assert job.returncode == 0, err
    report = json.loads(out.splitlines()[-1])
    assert report["failed"] == 0

    rows = [stores.add_log.get(log_id) for log_id in logs]
    assert [row.state for row in rows].count(LogState.LOADED) == PICTURES
    assert [row.state for row in rows].count(LogState.DUPLICATE) == len(logs) - PICTURES
    assert len({row.milvus_id for row in rows}) == PICTURES
    assert sum(len(entry.sources) for entry in stores.catalog.page("default", 0, 1000)) == len(logs)
    assert stores.index.count() == PICTURES

    audit = subprocess.run([sys.executable, "-m", "jobs.audit"], cwd=PROJECT_ROOT, env=env, capture_output=True, text=True)
    assert audit.returncode == 0, audit.stdout
