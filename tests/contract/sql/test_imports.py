"""Imports as people steer them, on SQLite and on MariaDB."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest
from sqlalchemy import update

from imagesearch.errors import IdempotencyConflict, ImportConflict, NotAnImage, UnknownImport
from imagesearch.stores.sql.add_log import AddLog
from imagesearch.stores.sql.failed import Failed
from imagesearch.stores.sql.import_errors import ImportErrors
from imagesearch.stores.sql.import_work import Batch, LineFault
from imagesearch.stores.sql.ledger import Ledger
from imagesearch.stores.sql.tables import image_add_log as log
from imagesearch.stores.sql.verdicts import Fault
from imagesearch.stores.sql.waiting import Waiting
from imagesearch.types import AddRequest, Cursor, ImportState, LogState


@pytest.fixture
def read(imports, work):
    """Make an import that was read: `rows` of it are added; unless `end`, it is being read still."""

    def make(rows=3, end=True, namespace="default"):
        number = imports.create(namespace, "a folder", owner="me").import_id
        requests = [AddRequest(f"/{number}/{n}", {"n": n}, namespace, idempotency_key=f"{number}-{n}") for n in range(rows)]
        assert work.record(number, "me", Batch(0, Cursor("v", rows, "last"), requests))
        if end:
            work.end(number, "me")
        return number

    return make


def test_an_import_is_pending_until_someone_reads_it(imports, work):
    one = imports.create("ns", "s3://b/p")
    assert (one.state, one.namespace, one.source, one.trusted) == (ImportState.PENDING, "ns", "s3://b/p", False)
    assert imports.get(one.import_id) == one
    taken = work.claim("me", 30)
    assert (taken.import_id, taken.state) == (one.import_id, ImportState.RUNNING)
    assert taken.start_time is not None


def test_an_import_is_recorded_once_under_its_key(imports):
    assert imports.find("ns", "/a", "Key") is None
    one = imports.create_once("ns", "/a", "Key")
    assert (one.state, one.source, one.trusted, one.added) == (ImportState.PENDING, "/a", False, 0)
    assert imports.create_once("ns", "/a", "Key") == imports.find("ns", "/a", "Key") == imports.get(one.import_id) == one
    for ask in (imports.create_once, imports.find):
        with pytest.raises(IdempotencyConflict) as refused:
            ask("ns", "/b", "Key")
        assert refused.value.data == {"import_id": one.import_id}
    others = [imports.create_once(*other) for other in (("ns", "/a", "key"), ("NS", "/a", "Key"))]
    assert len({one.import_id, *(other.import_id for other in others)}) == 3
    assert {imports.create("ns", "/a").import_id for _ in range(2)}.isdisjoint({one.import_id})


def test_many_who_ask_under_one_key_at_once_get_one_import(imports):
    together = Barrier(8)

    def ask(_):
        together.wait()
        return imports.create_once("ns", "/a", "key").import_id

    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(ask, range(8)))) == 1
    assert len(imports.page(None, 10)) == 1


def test_imports_are_listed_newest_first_page_by_page(imports):
    numbers = [imports.create("ab"[n % 2], f"/{n}").import_id for n in range(7)]
    first = imports.page(None, 3)
    assert [one.import_id for one in first] == numbers[:3:-1]
    assert [one.import_id for one in imports.page(first[-1].import_id, 10)] == numbers[3::-1]
    assert [one.import_id for one in imports.page(None, 10, ["b"])] == numbers[5::-2]


def test_rows_are_counted_by_state(imports, read, database):
    number = read(5)
    read(2)
    rows = Waiting(database, number).rows(range(100))
    Ledger(database).commit([], [Fault(rows[0], NotAnImage("no"))], 5)
    assert imports.rows(number) == {LogState.PENDING: 4, LogState.LOADED: 0, LogState.DUPLICATE: 0, LogState.FAILED: 1}


def test_the_rows_of_a_paused_import_are_left_alone_until_it_is_resumed(imports, read, database):
    first, second = read(3), read(2)
    AddLog(database).append([AddRequest("/single")])
    every, only = Waiting(database), Waiting(database, first)
    assert len(every.fresh(0, None, 100)) == 6
    assert imports.pause(first).state is ImportState.PAUSED
    assert len(every.fresh(0, None, 100)) == 3
    assert every.fresh(0, None, 2) == every.fresh(0, None, 100)[:2]
    assert [row.image_path for row in every.rows(range(100))] == [f"/{second}/0", f"/{second}/1", "/single"]
    assert every.any(None)
    assert (only.fresh(0, None, 100), only.rows(range(100)), only.any(None)) == ([], [], False)
    assert len(Waiting(database, second).fresh(0, None, 100)) == 2
    assert imports.resume(first).state is ImportState.DONE
    assert len(every.fresh(0, None, 100)) == 6
    assert len(only.rows(range(100))) == 3


def test_rows_of_a_paused_import_that_are_due_are_left_alone_too(imports, read, database):
    number = read(2)
    with database.write() as connection:
        connection.execute(update(log).values(retry_time=datetime.now(UTC) - timedelta(seconds=1)))
    assert len(Waiting(database).due(None, 10)) == 2
    imports.pause(number)
    assert Waiting(database).due(None, 10) == []
    assert not Waiting(database).any(None)


def test_cancelling_makes_what_waits_final_and_nothing_else(imports, read, database):
    number, other = read(2500), read(2)
    rows = Waiting(database).rows(Waiting(database, number).fresh(0, None, 1))
    Ledger(database).commit([], [Fault(rows[0], NotAnImage("no"))], 5)
    assert imports.fail_waiting(number) == 0
    assert imports.cancel(number).state is ImportState.CANCELLED
    # Before they are final they are out of reach already.
    assert len(Waiting(database).fresh(0, None, 5000)) == 2
    assert [imports.fail_waiting(number) for _ in range(4)] == [1000, 1000, 499, 0]
    assert imports.rows(number)[LogState.FAILED] == 2500
    assert imports.rows(other)[LogState.PENDING] == 2
    assert {one.code for one in ImportErrors(database).rows(number, 0, 5000)} == {"not_an_image", "import_cancelled"}


def test_cancelled_rows_get_no_second_chance(imports, read, database):
    number = read(3)
    imports.cancel(number)
    imports.fail_waiting(number)
    assert Failed(database).retry(0) is None


TURNS = {
    "pause": {"pending", "running", "paused", "done with rows", "failed with rows"},
    "resume": {"pending", "running", "paused", "failed", "failed with rows"},
    "cancel": {"pending", "running", "paused", "cancelled", "done with rows", "failed", "failed with rows"},
}
STATES = ["pending", "running", "paused", "cancelled", "done", "done with rows", "failed", "failed with rows"]


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("turn", TURNS)
def test_a_turn_is_taken_where_it_makes_sense_and_is_a_conflict_elsewhere(imports, work, read, state, turn):
    number = read(2 if "rows" in state else 0, end=False) if state != "pending" else imports.create("default", "x").import_id
    if state.startswith(("done", "failed")):
        work.end(number, "me", NotAnImage("why") if "failed" in state else None)
    elif state in ("paused", "cancelled"):
        getattr(imports, {"paused": "pause", "cancelled": "cancel"}[state])(number)
    before = imports.get(number)
    assert before.state == state.split()[0]
    if state in TURNS[turn]:
        after = getattr(imports, turn)(number)
        goal = {"pause": ["paused"], "cancel": ["cancelled"], "resume": ["pending", "running"]}[turn]
        assert after.state in goal
        assert getattr(imports, turn)(number).state == after.state
    else:
        with pytest.raises(ImportConflict, match=before.state):
            getattr(imports, turn)(number)
        assert imports.get(number) == before


@pytest.mark.parametrize("call", ["get", "pause", "resume", "cancel"])
def test_an_unknown_import_is_said_to_be_so(imports, call):
    with pytest.raises(UnknownImport):
        getattr(imports, call)(2**40)


def test_the_pace_is_that_of_the_last_rows(imports, read, database):
    number = read(100)
    assert imports.pace(number) is None
    now = datetime.now(UTC)
    rows = Waiting(database, number).fresh(0, None, 100)
    with database.write() as connection:
        for at, log_id in enumerate(rows):
            # Ten batches of ten, one a second, the last of them just now.
            state = LogState.LOADED if at % 3 else LogState.DUPLICATE
            time = now - timedelta(seconds=9 - at // 10)
            connection.execute(update(log).where(log.c.id == log_id).values(state=state, load_time=time))
    assert imports.pace(number) == pytest.approx(10, rel=0.05)
    with database.write() as connection:
        connection.execute(update(log).values(load_time=now - timedelta(minutes=5)))
    assert imports.pace(number) is None


def test_errors_are_bad_lines_first_and_then_failed_rows(imports, work, read, database):
    number = imports.create("default", "x", owner="me").import_id
    bad = [LineFault(line, f"/{line}", NotAnImage("no")) for line in (3, 7)]
    work.record(number, "me", Batch(0, Cursor("v", 9), [AddRequest("/a", idempotency_key="a")], 8, bad))
    (row,) = Waiting(database).rows(range(100))
    Ledger(database).commit([], [Fault(row, NotAnImage("bytes"))], 5)
    errors = ImportErrors(database)
    found = [(one.line, one.log_id, one.place, one.code, one.detail) for one in errors.first(number, 20)]
    assert found == [
        (3, None, "/3", "not_an_image", "no"),
        (7, None, "/7", "not_an_image", "no"),
        (None, row.log_id, "/a", "not_an_image", "bytes"),
    ]
    assert errors.first(number, 1) == errors.first(number, 20)[:1]
    assert [one for page in errors.pages(number) for one in page] == errors.first(number, 20)
