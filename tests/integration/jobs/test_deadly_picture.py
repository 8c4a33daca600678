"""A picture that ends the process that reads it, or that a store refuses, is failed by itself, and its neighbours are loaded."""

import dataclasses

import pytest

from imagesearch.errors import StoreError
from imagesearch.types import AddRequest, LogState
from jobs.loader import bulk_load
from jobs.stages import stages_of
from tests.e2e.conftest import drawing


def stages_with_a_weak_decoder(settings):
    fetch, *others = stages_of(settings)
    return dataclasses.replace(fetch, worker=("tests.fixtures.stage_worker", "Deadly", "prepare")), *others


def test_a_picture_that_ends_its_workers_is_failed_and_harms_no_neighbour(collection, joined, tmp_path, monkeypatch):
    monkeypatch.setattr("jobs.pipeline.stages_of", stages_with_a_weak_decoder)
    collection.add(11)
    (tmp_path / "deadly.png").write_bytes(drawing("deadly"))
    (deadly,) = collection.stores.add_log.append([AddRequest(str(tmp_path / "deadly.png"))])
    collection.add(12)
    with bulk_load(collection.settings) as load:
        report = load.run(lambda _: None)
    assert (report.read, report.loaded, report.duplicate, report.failed) == (24, 23, 0, 1)
    row = collection.stores.add_log.get(deadly.log_id)
    assert (row.state, row.error_code, row.milvus_id) == (LogState.FAILED, "embedding_failed", None)
    collection.check()


@pytest.fixture
def picky(collection):
    """Have the database refuse the pictures of one namespace, for a reason of its own."""

    def run(statement):
        with collection.stores.database.write() as connection:
            connection.exec_driver_sql(statement)

    run(
        "CREATE TRIGGER picky BEFORE INSERT ON image_info FOR EACH ROW IF NEW.namespace = 'refused' THEN "
        "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'not this one'; END IF"
    )
    yield
    run("DROP TRIGGER picky")


def refused(collection, tmp_path, number=0):
    path = tmp_path / f"refused{number}.png"
    path.write_bytes(drawing(f"refused {number}"))
    (row,) = collection.stores.add_log.append([AddRequest(str(path), namespace="refused")])
    return row.log_id


def test_a_row_that_a_store_refuses_is_failed_and_harms_no_neighbour(collection, joined, tmp_path, picky):
    collection.add(11)
    log_id = refused(collection, tmp_path)
    collection.add(12)
    with bulk_load(collection.settings) as load:
        report = load.run(lambda _: None)
    assert (report.read, report.loaded, report.failed) == (24, 23, 1)
    row = collection.stores.add_log.get(log_id)
    assert (row.state, row.error_code) == (LogState.FAILED, "store_error")
    assert "not this one" in row.error_detail
    collection.check()


def test_a_store_that_takes_nothing_fails_no_row(collection, joined, tmp_path, picky):
    log_ids = [refused(collection, tmp_path, number) for number in range(3)]
    with bulk_load(collection.settings) as load, pytest.raises(StoreError, match="not this one"):
        load.run(lambda _: None)
    assert {collection.stores.add_log.get(one).state for one in log_ids} == {LogState.PENDING}
