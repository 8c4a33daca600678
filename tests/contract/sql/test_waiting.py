"""What waits for a loader, on SQLite and on MariaDB."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from imagesearch.errors import NotAnImage, UnknownImport
from imagesearch.stores.sql.add_log import AddLog
from imagesearch.stores.sql.imports import Imports
from imagesearch.stores.sql.ledger import Ledger
from imagesearch.stores.sql.tables import image_add_log
from imagesearch.stores.sql.verdicts import Fault
from imagesearch.stores.sql.waiting import Waiting
from imagesearch.types import AddRequest


@pytest.fixture
def add(database):
    return lambda count, **more: AddLog(database).append([AddRequest(f"/p/{n}", {"n": n}, **more) for n in range(count)])


def test_rows_are_found_by_key_range(waiting, add):
    ids = [row.log_id for row in add(10)]
    assert waiting.fresh(0, None, 100) == ids
    assert waiting.fresh(ids[2], ids[5], 100) == ids[3:6]
    assert waiting.fresh(0, None, 3) == ids[:3]
    assert waiting.last_id() == ids[-1]


def test_rows_come_in_order_and_those_that_wait_no_more_are_left_out(waiting, add, database):
    rows = add(5)
    Ledger(database).commit([], [Fault(rows[1], NotAnImage("no"))], 5)
    assert waiting.rows([row.log_id for row in reversed(rows)]) == [rows[0], *rows[2:]]
    assert waiting.rows([]) == []


def test_one_import_s_rows_are_told_from_the_others(database, add):
    number = Imports(database).create("default", "a folder").import_id
    add(3)
    mine = [row.log_id for row in add(2, import_id=number)]
    ours = Waiting(database, import_id=number)
    assert ours.fresh(0, None, 10) == mine
    assert [row.log_id for row in ours.rows(range(1, 100))] == mine


def test_thousands_of_rows_fit_the_databases_limits(waiting, add):
    ids = [row.log_id for row in add(2500)]
    assert [row.log_id for row in waiting.rows(ids)] == ids


@pytest.fixture
def put_off(database):
    """Have a row's fault pass, at best, so many seconds from now."""

    def put(row, seconds):
        with database.write() as connection:
            when = datetime.now(UTC) + timedelta(seconds=seconds)
            connection.execute(update(image_add_log).where(image_add_log.c.id == row.log_id).values(retry_time=when))

    return put


def test_a_row_that_is_to_be_tried_again_waits_for_its_time_and_holds_up_no_other(waiting, add, put_off):
    later, due, overdue, fresh = add(4)
    put_off(later, 30)
    put_off(due, -1)
    put_off(overdue, -100)
    assert waiting.fresh(0, None, 10) == [fresh.log_id]
    assert waiting.due(None, 10) == [overdue.log_id, due.log_id]
    assert waiting.due(None, 1) == [overdue.log_id]
    assert waiting.due(None, 1, passing={overdue.log_id}) == [due.log_id]
    assert waiting.due(due.log_id, 10) == [due.log_id]
    assert [row.log_id for row in waiting.rows(range(1, 100))] == [due.log_id, overdue.log_id, fresh.log_id]


def test_a_time_that_no_pause_reaches_is_a_clock_s_fault_and_strands_no_row(waiting, add, put_off):
    (row,) = add(1)
    put_off(row, 3600)
    assert waiting.due(None, 10) == [row.log_id]
    assert [one.log_id for one in waiting.rows([row.log_id])] == [row.log_id]


def test_rows_that_wait_for_their_time_are_not_forgotten(waiting, add, put_off, database):
    first, second = add(2)
    put_off(first, 30)
    Ledger(database).commit([], [Fault(second, NotAnImage("no"))], 5)
    assert waiting.any(None)
    assert waiting.any(first.log_id)
    assert not waiting.any(first.log_id - 1)
    assert AddLog(database).backlog().oldest_pending_s is not None
    Ledger(database).commit([], [Fault(first, NotAnImage("no"))], 5)
    assert not waiting.any(None)


def test_an_import_that_is_not_there_is_named(database):
    with pytest.raises(UnknownImport, match="999"):
        Waiting(database, import_id=999).last_id()
