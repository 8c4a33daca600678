"""The load from the stream as a process: a broker, MariaDB, Redis, Milvus Lite and a Ray node; adds come over HTTP."""

import json
import os
import signal
import subprocess
import sys
import time

import httpx
import pytest

from config import load_settings
from config.settings import PROJECT_ROOT
from imagesearch.models.load import open_encoder
from imagesearch.stores.factory import open_announcer, open_stores
from imagesearch.stores.patience import patiently
from imagesearch.stores.sql.migrate import migrate
from imagesearch.types import AddRequest, LogState
from serve_app.api import create_api
from serve_app.local_readers import LocalReaders
from serve_app.passes import Passes
from serve_app.services import Services
from tests.e2e.conftest import drawing, environment
from tests.fixtures.fresh_stores import fresh

PATIENCE_S = 120
NEVER_S = "3600"


@pytest.fixture
def env(production, ray_node, mariadb, milvus_lite_uri, kafka, kafka_topic, tmp_path):
    """The variables of a cluster whose rows and vectors are this test's own; nothing is swept but at the start."""
    database = kafka_topic.replace(".", "_")
    mariadb.execute(f"CREATE DATABASE {database}")
    stream = kafka.settings(kafka_topic)
    yield environment(
        production,
        ray_node,
        {
            "IMAGESEARCH_SQL__URL": mariadb.url(database),
            "IMAGESEARCH_MILVUS__URI": milvus_lite_uri,
            "IMAGESEARCH_MODEL__NAME": "tiny",
            "IMAGESEARCH_BLOBS__URI": str(tmp_path / "blobs"),
            "IMAGESEARCH_SOURCES__ROOTS": json.dumps([str(tmp_path)]),
            "IMAGESEARCH_AUTH__KEYS": "false",
            "IMAGESEARCH_STREAM__KIND": stream.kind,
            "IMAGESEARCH_STREAM__SERVERS": json.dumps(stream.servers),
            "IMAGESEARCH_STREAM__TOPIC": stream.topic,
            "IMAGESEARCH_STREAM__GROUP": stream.group,
            "IMAGESEARCH_STREAM__SESSION_S": str(stream.session_s),
            "IMAGESEARCH_STREAM__SWEEP_S": NEVER_S,
        },
    )
    mariadb.execute(f"DROP DATABASE {database}")


@pytest.fixture
def settings(env):
    with pytest.MonkeyPatch.context() as patch:
        for name, value in env.items():
            patch.setenv(name, value)
        settings = load_settings()
    migrate(settings.sql)
    return settings


@pytest.fixture
def stores(settings):
    stores = open_stores(settings)
    fresh(settings, stores.fingerprint.collection)
    yield stores
    stores.close()


@pytest.fixture
async def service(settings, stores):
    """The HTTP service in this process, without Serve."""
    embedder = Passes(open_encoder(settings.model, stores.s3))
    services = Services(settings, open_stores(settings), embedder, open_announcer(settings.stream), LocalReaders(settings))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(create_api(services)), base_url="http://127.0.0.1") as client:
        yield client
    embedder.close()
    services.close()


@pytest.fixture
def start(env, tmp_path):
    """Start the job; what still runs at the end is killed."""
    started = []

    def start_job(*arguments):
        command = [sys.executable, "-m", "jobs.stream_load", *arguments]
        with (tmp_path / f"job{len(started)}.log").open("wb") as log:
            job = subprocess.Popen(command, cwd=PROJECT_ROOT, env=env, stdout=subprocess.PIPE, stderr=log, text=True)
        started.append(job)
        return job

    yield start_job
    for job in started:
        if job.poll() is None:
            job.kill()
        job.wait()
        job.stdout.close()


def ended(job):
    job.wait(PATIENCE_S)
    return json.loads(job.stdout.read().splitlines()[-1])


def until(done, job):
    end = time.monotonic() + PATIENCE_S
    while not done():
        assert job.poll() is None, "the job ended"
        assert time.monotonic() < end
        time.sleep(0.05)


def count_of(stores):
    # A connection that idled through the test may have been closed by the server, which the first call after that finds out.
    return patiently(stores.index.count, PATIENCE_S)


def audit(env):
    return subprocess.run([sys.executable, "-m", "jobs.audit"], cwd=PROJECT_ROOT, env=env, capture_output=True, text=True)


@pytest.mark.timeout(400)
async def test_what_is_added_over_http_is_announced_loaded_and_found(
    service, stores, settings, start, kafka, kafka_topic, tmp_path
):
    job = start()
    pictures = [drawing(f"stream-{n}") for n in range(8)]
    logs = []

    async def upload(n):
        answer = await service.post("/v1/images", files={"file": ("x.png", pictures[n])}, data={"info": json.dumps({"n": n})})
        assert answer.status_code == 202, answer.text
        logs.append(answer.json()["log_id"])

    async def found(n):
        answer = await service.post("/v1/search", files={"file": ("q.png", pictures[n])})
        return answer.json()["hits"][0]["info"]["n"] == n

    def loaded():
        return all(stores.add_log.get(log_id).state is LogState.LOADED for log_id in logs)

    await upload(0)
    until(loaded, job)
    # The sweep at the start is over: what comes now is heard of by the stream alone.
    for n in range(1, 4):
        await upload(n)
    until(loaded, job)
    assert [await found(n) for n in range(4)] == [True] * 4

    # Announced thrice more, to whoever listens.
    teller = open_announcer(settings.stream)
    for _ in range(3):
        teller.announce([stores.add_log.get(log_id) for log_id in logs])
    teller.close()

    # A broker that forgot everything, and adds before, while and after it is away.
    kafka.stop()
    await upload(4)
    kafka.start()
    kafka.create(kafka_topic)
    await upload(5)
    until(loaded, job)
    await upload(6)
    until(loaded, job)

    job.send_signal(signal.SIGTERM)
    report = ended(job)
    assert (job.returncode, report["read"], report["loaded"], report["duplicate"], report["failed"]) == (0, 7, 7, 0, 0)
    assert count_of(stores) == 7
    assert sum(len(entry.sources) for entry in stores.catalog.page("default", 0, 100)) == 7


@pytest.mark.timeout(300)
def test_rows_that_were_never_announced_are_swept_and_a_limit_ends_the_job(stores, start, tmp_path):
    for n in range(6):
        (tmp_path / f"{n}.png").write_bytes(drawing(f"lost-{n}"))
    rows = stores.add_log.append([AddRequest(f"{tmp_path}/{n}.png") for n in range(6)])
    job = start("--limit", "5")
    report = ended(job)
    assert (job.returncode, report["read"], report["loaded"]) == (0, 5, 5)
    assert [stores.add_log.get(row.log_id).state for row in rows].count(LogState.PENDING) == 1


@pytest.mark.timeout(400)
def test_a_loader_that_is_ended_or_killed_in_the_middle_loses_and_doubles_nothing(stores, settings, start, env, tmp_path):
    count = 300
    for n in range(count):
        (tmp_path / f"{n}.png").write_bytes(drawing(f"killed-{n}"))
    rows = stores.add_log.append([AddRequest(f"{tmp_path}/{n}.png", {"n": n}) for n in range(count)])
    teller = open_announcer(settings.stream)
    teller.announce(rows)
    teller.close()
    job = start()
    until(lambda: stores.add_log.backlog().pending < count - 20, job)
    job.send_signal(signal.SIGTERM)
    # It finishes what is in flight, or gives it back, and says how far it came.
    report = ended(job)
    left = stores.add_log.backlog().pending
    assert (job.returncode, report["loaded"], report["failed"]) == (0, count - left, 0)
    assert left > 0

    job = start()
    until(lambda: stores.add_log.backlog().pending < left - 20, job)
    os.kill(job.pid, signal.SIGKILL)
    job.wait()
    assert 0 < stores.add_log.backlog().pending < left

    job = start()
    until(lambda: stores.add_log.backlog().pending == 0, job)
    job.send_signal(signal.SIGTERM)
    assert ended(job)["failed"] == 0
    assert job.returncode == 0
    assert {stores.add_log.get(row.log_id).state for row in rows} == {LogState.LOADED}
    assert count_of(stores) == count
    done = audit(env)
    assert done.returncode == 0, done.stdout
