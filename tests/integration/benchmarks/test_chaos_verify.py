"""The verdict on a chaos run sees what is lost, doubled, unfinished or wrong, and nothing where all is well."""

import json
import os
import time

import pytest
from sqlalchemy import delete, update

from benchmarks.chaos.feeder import Added, Feeder
from benchmarks.chaos.verify import verify
from config import load_settings
from imagesearch.errors import SourceNotFound
from imagesearch.stores.factory import open_stores
from imagesearch.stores.sql.migrate import migrate
from imagesearch.stores.sql.tables import image_add_log, image_source
from imagesearch.stores.stream.silent import Silent
from imagesearch.types import IndexRow, LogState
from jobs.embed import Embedding
from jobs.fetch import Fetcher
from jobs.write import Writer

ROWS = 200


@pytest.fixture
def environment(tmp_path, milvus_lite_uri, monkeypatch):
    variables = {
        "IMAGESEARCH_PROFILE": "cluster",
        "IMAGESEARCH_HOME": str(tmp_path),
        "IMAGESEARCH_SQL__URL": f"sqlite:///{tmp_path}/chaos.db",
        "IMAGESEARCH_MILVUS__URI": milvus_lite_uri,
        "IMAGESEARCH_BLOBS__URI": str(tmp_path / "blobs"),
        "IMAGESEARCH_SOURCES__ROOTS": json.dumps([str(tmp_path)]),
        "IMAGESEARCH_MODEL__NAME": "tiny",
        "IMAGESEARCH_MODEL__WEIGHTS": "package",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return {**os.environ, **variables}


@pytest.fixture
def settings(environment):
    settings = load_settings()
    migrate(settings.sql)
    return settings


@pytest.fixture
def stores(settings):
    stores = open_stores(settings)
    stores.index.delete(stores.index.ids_between(-(2**62), 2**62))
    yield stores
    stores.index.delete(stores.index.ids_between(-(2**62), 2**62))
    stores.close()


@pytest.fixture
def added(settings, stores, tmp_path):
    """What a feeder added, all of it loaded."""
    feeder = Feeder(stores.add_log, Silent(), tmp_path / "pictures", seed=1)
    feeder.start()
    while len(feeder.added) < ROWS:
        feeder.check()
        time.sleep(0.05)
    feeder.stop()
    prepared, pixels, _ = Fetcher(settings).prepare(stores.waiting.rows(stores.waiting.fresh(0, None, 10_000)))
    Writer(settings).write(prepared, Embedding(settings).embed(pixels)[0])
    return feeder.added


def test_a_run_without_losses_is_clean(settings, stores, added, environment):
    verdict = verify(settings, stores, added, environment)
    assert verdict.clean, verdict.notes
    assert verdict.rows == len(added) >= ROWS
    assert 0 < verdict.pictures == verdict.audit["vectors"] < ROWS
    assert {one.error for one in added.values()} > {None}


def test_each_fault_is_counted_under_its_name(settings, stores, added, environment):
    entries = stores.catalog.page("default", 0, 100)
    vectors = stores.index.fetch([entry.milvus_id for entry in entries])
    lone = [entry for entry in entries if len(entry.sources) == 1]
    without_vector, without_source, failed, waiting, with_anothers_vector, *_ = lone

    stores.index.delete([without_vector.milvus_id])
    stores.index.upsert([IndexRow(2**50, "default", 1)], vectors[entries[0].milvus_id][None])
    stores.index.upsert([IndexRow(with_anothers_vector.milvus_id, "default", 1)], vectors[entries[0].milvus_id][None])
    with stores.database.write() as connection:
        connection.execute(delete(image_source).where(image_source.c.milvus_id == without_source.milvus_id))
        for entry, values in (
            (failed, {"state": LogState.FAILED, "error_code": SourceNotFound.code}),
            (waiting, {"state": LogState.PENDING}),
        ):
            connection.execute(update(image_add_log).where(image_add_log.c.milvus_id == entry.milvus_id).values(values))
        right_code = image_add_log.c.error_code == "not_an_image"
        bad = connection.execute(update(image_add_log).where(right_code).values(error_code="internal_error")).rowcount

    asked = added | {"an acknowledged row that is not there": Added("default", 1, None)}
    verdict = verify(settings, stores, asked, environment)
    assert not verdict.clean
    # The row that is not there, the vector, the source, the failed row.
    assert verdict.lost == 4, verdict.notes
    assert verdict.doubled == 1, verdict.notes
    assert verdict.unfinal == 1, verdict.notes
    assert bad > 0
    assert verdict.wrong == bad + 1, verdict.notes


def test_a_picture_that_two_rows_claim_to_have_loaded_is_doubled(settings, stores, added, environment):
    with stores.database.write() as connection:
        again = image_add_log.c.state == LogState.DUPLICATE
        doubled = connection.execute(update(image_add_log).where(again).values(state=LogState.LOADED)).rowcount
    verdict = verify(settings, stores, added, environment)
    assert 0 < verdict.doubled <= doubled
    assert not verdict.clean
