"""A row that a store refuses for good is failed by itself, where the store takes others; a store that takes nothing fails none."""

import threading
from time import monotonic, sleep

import pytest

from imagesearch.errors import StoreError
from imagesearch.types import AddRequest, LogState
from jobs.loader import bulk_load
from tests.e2e.conftest import drawing


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


def check_failed(collection, log_id):
    row = collection.stores.add_log.get(log_id)
    assert (row.state, row.error_code) == (LogState.FAILED, "store_error")
    assert "not this one" in row.error_detail
    collection.check()


@pytest.mark.parametrize("batch_rows", [1, 64])
def test_a_refused_row_is_failed_and_harms_no_neighbour(collection, joined, tmp_path, picky, batch_rows):
    settings = collection.settings.model_copy(
        update={"load": collection.settings.load.model_copy(update={"batch_rows": batch_rows})}
    )
    first = refused(collection, tmp_path)
    collection.add(11)
    with bulk_load(settings) as load:
        report = load.run(lambda _: None)
    assert (report.read, report.loaded, report.failed) == (12, 11, 1)
    check_failed(collection, first)


def test_a_store_that_takes_nothing_fails_no_row(collection, joined, tmp_path, picky):
    log_ids = [refused(collection, tmp_path, number) for number in range(3)]
    with bulk_load(collection.settings) as load, pytest.raises(StoreError, match="not this one"):
        load.run(lambda _: None)
    assert {collection.stores.add_log.get(one).state for one in log_ids} == {LogState.PENDING}


def test_a_following_load_holds_a_refused_row_until_the_store_takes_another(collection, joined, tmp_path, picky, caplog):
    log_id = refused(collection, tmp_path)
    reports = []
    with bulk_load(collection.settings, follow=True) as load:
        runner = threading.Thread(target=lambda: reports.append(load.run(lambda _: None)))
        runner.start()
        try:
            end = monotonic() + 60
            while "a batch of 1 rows went wrong" not in caplog.text and monotonic() < end:
                sleep(0.2)
            assert "a batch of 1 rows went wrong" in caplog.text
            sleep(1)
            assert runner.is_alive()
            assert collection.stores.add_log.get(log_id).state is LogState.PENDING
            collection.add(12)
            end = monotonic() + 60
            while collection.stores.add_log.get(log_id).state is LogState.PENDING and monotonic() < end:
                sleep(0.2)
        finally:
            load.stop()
            runner.join()
    assert [(one.loaded, one.failed) for one in reports] == [(12, 1)]
    check_failed(collection, log_id)
