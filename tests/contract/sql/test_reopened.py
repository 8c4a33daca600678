"""What was loaded once is loaded again, whatever became of its import; on SQLite and on MariaDB."""

import pytest
from sqlalchemy import select

from imagesearch.errors import SourceNotFound
from imagesearch.stores.sql.add_log import AddLog
from imagesearch.stores.sql.catalog import Catalog
from imagesearch.stores.sql.failed import Failed
from imagesearch.stores.sql.import_work import Batch, ImportWork
from imagesearch.stores.sql.ledger import Ledger
from imagesearch.stores.sql.tables import image_add_log as log
from imagesearch.stores.sql.verdicts import Fault, Found, Tally
from imagesearch.stores.sql.waiting import Waiting
from imagesearch.types import AddRequest, Cursor, LogState, PictureFacts


@pytest.fixture
def load(database):
    """Load these rows, each a picture of its own; their milvus_ids."""

    def make(rows):
        ledger = Ledger(database)
        facts = {row.log_id: PictureFacts(f"{row.log_id:064}", 10, 20, "png", 30, "0" * 64) for row in rows}
        known = ledger.intern([("default", one) for one in facts.values()])
        ids = [known["default", facts[row.log_id].content_hash].milvus_id for row in rows]
        assert ledger.commit([Found(row, one, True) for row, one in zip(rows, ids, strict=True)], [], 5) == Tally(loaded=len(rows))
        return ids

    return make


@pytest.fixture
def half(imports, database, load):
    """An import of four pictures of which two are loaded; its number, and the two."""
    number = imports.create("default", "/x", owner="me").import_id
    requests = [AddRequest(f"/{n}", {"n": n}, idempotency_key=f"k{n}") for n in range(4)]
    work = ImportWork(database)
    assert work.record(number, "me", Batch(0, Cursor("v", 4), requests))
    work.end(number, "me")
    return number, load(waiting(database)[:2])


def waiting(database):
    every = Waiting(database)
    return every.rows(every.fresh(0, None, 100))


def import_of(database, log_id):
    with database.read() as connection:
        return connection.scalar(select(log.c.import_id).where(log.c.id == log_id))


@pytest.mark.parametrize("turn", ["cancel", "pause"])
def test_the_picture_of_an_import_that_is_held_is_loaded_again(imports, database, load, half, turn):
    number, (first, second) = half
    getattr(imports, turn)(number)
    imports.fail_waiting(number)
    assert Ledger(database).reopen(first) == 1
    (row,) = waiting(database)
    assert (row.image_path, row.state, row.attempts, row.milvus_id) == ("/0", LogState.PENDING, 0, first)
    assert import_of(database, row.log_id) is None
    assert imports.fail_waiting(number) == 0
    assert load([row]) == [first]
    assert Catalog(database).entries([first, second]).keys() == {first, second}
    # What was never loaded is held as before.
    assert imports.rows(number)[LogState.FAILED if turn == "cancel" else LogState.PENDING] == 2


def test_a_picture_that_waits_to_be_embedded_anew_outlives_the_end_of_its_import(imports, database, load, half):
    number, (first, _) = half
    assert Ledger(database).reopen(first) == 1
    (row, *_) = waiting(database)
    assert (len(waiting(database)), import_of(database, row.log_id)) == (3, number)
    imports.cancel(number)
    assert (imports.fail_waiting(number), imports.fail_waiting(number)) == (3, 0)
    assert imports.rows(number) == {LogState.PENDING: 0, LogState.LOADED: 1, LogState.DUPLICATE: 0, LogState.FAILED: 2}
    assert [one.log_id for one in waiting(database)] == [row.log_id]
    assert load([row]) == [first]


def test_a_picture_that_cannot_be_read_any_more_gets_its_second_chance_after_its_import_was_cancelled(
    imports, database, load, half
):
    number, (first, _) = half
    Ledger(database).reopen(first)
    row = waiting(database)[0]
    Ledger(database).commit([], [Fault(row, SourceNotFound("gone"))], 5)
    imports.cancel(number)
    assert imports.fail_waiting(number) == 2
    assert Failed(database).retry(0) == (row.log_id, 1)
    assert imports.fail_waiting(number) == 1
    again = AddLog(database).get(row.log_id)
    assert (again.state, again.error_code, again.milvus_id) == (LogState.PENDING, None, first)
    assert load(waiting(database)) == [first]
