"""Who reads imports on a cluster: the service's actor, which goes when it is idle, and a load that follows."""

import signal
import time

import pytest
import ray
from pydantic import SecretStr

from imagesearch.stores.sql.imports import Imports
from imagesearch.stores.sql.migrate import migrate
from imagesearch.types import ImportState, LogState
from serve_app.import_reader import NAMESPACE, RemoteReaders
from tests.e2e.conftest import drawing
from tests.integration.jobs.collection import until

PATIENCE_S = 120


def wait(so):
    end = time.monotonic() + PATIENCE_S
    while not so():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.1)


def actor_of(readers):
    try:
        return ray.get_actor(readers._name, namespace=NAMESPACE)
    except ValueError:
        return None


def test_the_actor_goes_when_it_is_idle_and_comes_when_it_is_called(joined):
    migrate(joined.sql)
    readers = RemoteReaders(joined, idle_s=1.0)
    seen = set()
    for _ in range(2):
        readers.wake()
        seen.add(actor_of(readers)._actor_id)
        # Who calls it again meanwhile meets the same one.
        wait(lambda: actor_of(readers) is None)
    assert len(seen) == 2


def test_other_settings_are_another_actor_s(joined, tmp_path):
    other = joined.model_copy(update={"sources": joined.sources.model_copy(update={"roots": (tmp_path,)})})
    database = joined.model_copy(update={"sql": joined.sql.model_copy(update={"url": type(joined.sql.url)("sqlite:///x.db")})})
    secrets = [joined.model_copy(update={"api_key": SecretStr(secret)}) for secret in ("old", "new")]
    names = {RemoteReaders(one)._name for one in (joined, other, database, *secrets)}
    assert len(names) == 5
    assert RemoteReaders(joined)._name in names


@pytest.mark.timeout(300)
def test_a_load_that_follows_takes_up_an_import_that_nobody_reads(collection, tmp_path):
    (tmp_path / "import").mkdir()
    for n in range(5):
        (tmp_path / "import" / f"{n}.png").write_bytes(drawing(f"abandoned-{n}"))
    imports = Imports(collection.stores.database)
    number = imports.create("default", f"{tmp_path}/import", owner="died").import_id
    job = collection.following(IMPORTS__LEASE_S="1")
    until(lambda: imports.get(number).state is ImportState.DONE, job)
    until(lambda: imports.rows(number)[LogState.LOADED] == 5, job)
    job.signal(signal.SIGTERM)
    job.report()
