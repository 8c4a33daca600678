"""What a cancelled import left is imported again, once; on SQLite and on MariaDB."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from imagesearch.errors import NotAnImage, SourceUnavailable
from imagesearch.stores.sql.add_log import AddLog
from imagesearch.stores.sql.import_work import Batch
from imagesearch.stores.sql.ledger import Ledger
from imagesearch.stores.sql.verdicts import Fault, Found
from imagesearch.stores.sql.waiting import Waiting
from imagesearch.types import AddRequest, Cursor, LogState, PictureFacts


def batch(start, end):
    return Batch(start, Cursor("v", end), [AddRequest(f"/{n}", {"n": n}, idempotency_key=f"k{n}") for n in range(start, end)])


def begin(imports, work, *batches, owner="me"):
    number = imports.create("default", "/x", owner=owner).import_id
    for one in batches:
        assert work.record(number, owner, one)
    return number


@pytest.fixture
def cancelled(imports, work, database):
    """A cancelled import of six rows: one is loaded, one bad, one waits for its second try and three were never tried."""
    number = begin(imports, work, batch(0, 6))
    rows = Waiting(database, number).rows(Waiting(database, number).fresh(0, None, 9))
    ledger = Ledger(database)
    one = ledger.intern([("default", PictureFacts("a" * 64, 10, 20, "png", 30, "0" * 64))])["default", "a" * 64]
    faults = [Fault(rows[1], NotAnImage("no")), Fault(rows[2], SourceUnavailable("away"))]
    ledger.commit([Found(rows[0], one.milvus_id, True)], faults, 5, backoff_s=1000)
    imports.cancel(number)
    return number


@pytest.mark.parametrize("final", [True, False])
def test_rows_of_a_cancelled_import_wait_again_as_the_next_one_s(imports, work, database, cancelled, final):
    assert not final or imports.fail_waiting(cancelled) == 4
    number = begin(imports, work, batch(0, 4))
    # The batch once more, whose commit was not heard of.
    assert work.record(number, "me", batch(0, 4))
    assert work.record(number, "me", batch(4, 8))
    counted = imports.get(number)
    assert (counted.added, counted.known) == (6, 2)
    one = work.end(number, "me")
    assert (one.added, one.known) == (6, 2)
    assert imports.fail_waiting(cancelled) == 0
    assert imports.rows(cancelled) == {LogState.PENDING: 0, LogState.LOADED: 1, LogState.DUPLICATE: 0, LogState.FAILED: 1}
    waiting = Waiting(database, number)
    rows = waiting.rows(waiting.fresh(0, None, 100))
    assert [row.image_path for row in rows] == [f"/{n}" for n in range(2, 8)]
    assert {(row.attempts, row.error_code, row.error_detail) for row in rows} == {(0, None, None)}


def test_what_is_read_from_its_beginning_again_takes_its_rows_over_once(imports, work, cancelled):
    imports.fail_waiting(cancelled)
    number = begin(imports, work, batch(0, 6))
    assert work.restart(number, "me", "w")
    assert work.record(number, "me", batch(0, 6))
    one = work.end(number, "me")
    assert (one.added, one.known) == (4, 2)


def test_a_third_import_finds_them_known_and_another_cancelled_one_can_be_imported_again_too(imports, work, cancelled):
    imports.fail_waiting(cancelled)
    second = begin(imports, work, batch(0, 6))
    third = begin(imports, work, batch(0, 6))
    assert work.end(third, "me").added == 0
    imports.cancel(second)
    assert imports.fail_waiting(second) == 4
    assert work.end(begin(imports, work, batch(0, 6)), "me").added == 4


def test_two_imports_at_once_take_each_row_once(imports, work, database):
    first = begin(imports, work, *(batch(start, start + 20) for start in range(0, 300, 20)))
    imports.cancel(first)
    assert imports.fail_waiting(first) == 300
    numbers = [imports.create("default", "/x", owner=f"me {n}").import_id for n in range(2)]

    def run(n):
        for start in range(0, 300, 20):
            assert work.record(numbers[n], f"me {n}", batch(start, start + 20))
        counted = imports.get(numbers[n])
        return counted, work.end(numbers[n], f"me {n}")

    with ThreadPoolExecutor(2) as threads:
        both = list(threads.map(run, range(2)))
    for reads in zip(*both, strict=True):
        assert sum(one.added for one in reads) == 300
    assert sum(imports.rows(number)[LogState.PENDING] for number in numbers) == 300


def test_a_single_request_that_waits_is_nobody_s_to_take(imports, work, database):
    AddLog(database).append([AddRequest("/0", {"n": 0}, idempotency_key="k0")])
    assert work.end(begin(imports, work, batch(0, 1)), "me").added == 0
