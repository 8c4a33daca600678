"""Failed rows and their second chance, on SQLite and on MariaDB."""

import pytest

from imagesearch.errors import NotAnImage, SourceNotFound, UnknownImport
from imagesearch.stores.sql.failed import CHUNK, Failed
from imagesearch.stores.sql.imports import Imports
from imagesearch.stores.sql.ledger import Ledger
from imagesearch.stores.sql.verdicts import Fault
from imagesearch.types import AddRequest, LogState


@pytest.fixture
def fail(database, add_log):
    """Add rows that fail, and return their ids."""

    def add(count, error, **more):
        rows = add_log.append([AddRequest(f"/p/{n}", **more) for n in range(count)])
        Ledger(database).commit([], [Fault(row, error) for row in rows], 5)
        return [row.log_id for row in rows]

    return add


def retry(database, **which):
    count, after, failed = 0, 0, Failed(database, **which)
    failed.require()
    while page := failed.retry(after):
        after, changed = page
        count += changed
    return count


def test_a_retried_row_is_as_it_was_before_its_first_attempt(database, add_log, fail):
    (log_id,) = fail(1, NotAnImage("no"))
    assert retry(database) == 1
    row = add_log.get(log_id)
    assert (row.state, row.attempts, row.error_code, row.error_detail) == (LogState.PENDING, 0, None, None)
    assert retry(database) == 0


def test_only_the_rows_that_were_meant_are_retried(database, add_log, fail):
    number = Imports(database).create("default", "a folder").import_id
    broken = fail(2, NotAnImage("no"))
    lost = fail(3, SourceNotFound("no"), namespace="other")
    imported = fail(1, SourceNotFound("no"), import_id=number)
    (waits,) = add_log.append([AddRequest("/p")])

    def failed():
        return [i for i in (*broken, *lost, *imported, waits.log_id) if add_log.get(i).state is LogState.FAILED]

    assert retry(database, import_id=number) == 1
    assert failed() == broken + lost
    assert retry(database, error_code="source_not_found", namespace="default") == 0
    assert retry(database, error_code="source_not_found") == 3
    assert failed() == broken
    assert retry(database, namespace="default") == 2


def test_more_rows_than_one_transaction_takes_are_all_retried(database, fail, add_log):
    ids = fail(CHUNK + 200, NotAnImage("no"))
    assert Failed(database).retry(0) == (ids[CHUNK - 1], CHUNK)
    assert retry(database) == 200
    assert add_log.backlog().failed == 0


def test_an_import_that_is_not_there_is_named(database):
    with pytest.raises(UnknownImport, match="999"):
        retry(database, import_id=999)
