"""Imports that wait for someone, read by a process that looks for them."""

import os
import signal
import subprocess
import sys
import time

import pytest
from pydantic import SecretStr

from imagesearch.imports.importer import Importer
from imagesearch.imports.runner import ImportRunner
from imagesearch.imports.table import Table
from imagesearch.stores.sql.database import Database
from imagesearch.stores.sql.import_work import ImportWork
from imagesearch.stores.sql.imports import Imports
from imagesearch.stores.sql.waiting import Waiting
from imagesearch.types import ImportState, LogState

PATIENCE_S = 60


@pytest.fixture
def database(settings):
    database = Database(settings.sql)
    yield database
    database.close()


@pytest.fixture
def imports(database):
    return Imports(database)


@pytest.fixture
def until():
    """Wait until something is so."""

    def wait(so):
        end = time.monotonic() + PATIENCE_S
        while not so():
            assert time.monotonic() < end, "it did not come to that"
            time.sleep(0.02)

    return wait


def test_a_runner_is_idle_where_its_database_refuses_it_and_not_while_it_is_down(settings, tmp_path, until):
    def on(url):
        return ImportRunner(settings.model_copy(update={"sql": settings.sql.model_copy(update={"url": SecretStr(url)})}))

    with on(f"sqlite:///{tmp_path}/without-tables.db") as runner:
        until(lambda: runner.idle_s > 0.1)
    with on("mysql+pymysql://127.0.0.1:1/nobody") as runner:
        time.sleep(1)
        assert runner.idle_s == 0


def test_what_is_asked_for_is_read_and_the_runner_is_idle_afterwards(settings, imports, csv, until):
    numbers = [imports.create("default", str(csv(30, f"{n}.csv"))).import_id for n in range(4)]
    with ImportRunner(settings) as runner:
        until(lambda: all(imports.get(one).state is ImportState.DONE for one in numbers))
        until(lambda: runner.idle_s > 0)
        late = imports.create("default", str(csv(5, "late.csv"))).import_id
        runner.wake()
        until(lambda: imports.get(late).state is ImportState.DONE)
    # They name the same pictures: whoever was first added them.
    assert sum(imports.get(one).added for one in numbers) == 30


def test_a_bad_source_is_failed_and_the_next_one_is_read(settings, imports, csv, folder, until):
    bad = imports.create("default", "/etc/passwd").import_id
    good = imports.create("default", str(csv(3))).import_id
    with ImportRunner(settings):
        until(lambda: imports.get(good).state is ImportState.DONE)
        until(lambda: imports.get(bad).state is ImportState.FAILED)
    assert imports.get(bad).error_code == "source_forbidden"


def test_a_source_that_nobody_expected_is_failed_once_and_not_read_for_ever(settings, imports, csv, until, monkeypatch):
    calls = []

    def breaks(self, cursor):
        calls.append(cursor.position)
        raise RecursionError

    monkeypatch.setattr(Table, "lines", breaks)
    number = imports.create("default", str(csv(3))).import_id
    with ImportRunner(settings) as runner:
        until(lambda: imports.get(number).state is ImportState.FAILED)
        until(lambda: runner.idle_s > 2 * settings.imports.lease_s)
    assert (imports.get(number).error_code, calls) == ("internal_error", [0])


def test_the_rows_of_a_cancelled_import_become_final(settings, imports, csv, database, until):
    importer = Importer(settings)
    one = importer.run(*importer.begin(str(csv(50)), "default", trusted=False))
    importer.close()
    imports.cancel(one.import_id)
    with ImportRunner(settings) as runner:
        until(lambda: runner.idle_s > 0)
    assert imports.rows(one.import_id)[LogState.FAILED] == 50


def test_an_import_whose_reader_lives_is_left_to_it_and_keeps_the_runner_awake(settings, imports, csv, database, until):
    number = imports.create("default", str(csv(5)), owner="elsewhere").import_id
    work = ImportWork(database)
    with ImportRunner(settings) as runner:
        for _ in range(8):
            assert work.beat(number, "elsewhere")
            time.sleep(0.25)
        assert (imports.get(number).state, runner.idle_s) == (ImportState.RUNNING, 0.0)
        until(lambda: imports.get(number).state is ImportState.DONE)


READER = """
import sys, time
from config import load_settings
from imagesearch.imports.importer import Importer
importer = Importer(load_settings())
def slowly(now):
    print(now.added, flush=True)
    time.sleep(0.05)
importer.run(*importer.begin(sys.argv[1], "default", trusted=False), slowly)
"""


def test_an_import_whose_reader_is_killed_is_taken_up_and_loses_and_doubles_nothing(settings, imports, csv, tmp_path, until):
    source = csv(2000)
    profile = tmp_path / "profile.yaml"
    profile.write_text(
        f"""
sql: {{url: "{settings.sql.url.get_secret_value()}"}}
milvus: {{uri: "http://127.0.0.1:1"}}
blobs: {{uri: "{tmp_path}/blobs"}}
sources: {{roots: ["{tmp_path}/pictures"]}}
model: {{name: tiny}}
imports: {{batch_rows: 10, lease_s: 1.0}}
"""
    )
    env = {**os.environ, "IMAGESEARCH_PROFILE": str(profile), "IMAGESEARCH_HOME": str(tmp_path / "home")}
    command = [sys.executable, "-c", READER, str(source)]
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as reader:
        for line in reader.stdout:
            if int(line) >= 50:
                reader.send_signal(signal.SIGKILL)
                break
        reader.communicate()
    (one,) = imports.page(None, 10)
    assert one.state is ImportState.RUNNING
    assert 50 <= one.added < 2000
    with ImportRunner(settings):
        until(lambda: imports.get(one.import_id).state is ImportState.DONE)
    done = imports.get(one.import_id)
    assert (done.added, done.known, done.total) == (2000, 0, 2000)
    database = Database(settings.sql)
    waiting = Waiting(database, one.import_id)
    assert [row.info["n"] for row in waiting.rows(waiting.fresh(0, None, 5000))] == [str(n) for n in range(2000)]
    database.close()
