"""What waits for a loader, on SQLite and on MariaDB."""

import pytest

from imagesearch.errors import NotAnImage
from imagesearch.stores.sql.add_log import AddLog
from imagesearch.stores.sql.imports import Imports
from imagesearch.stores.sql.ledger import Fault, Ledger
from imagesearch.stores.sql.waiting import Waiting
from imagesearch.types import AddRequest


@pytest.fixture
def waiting(database):
    return Waiting(database)


@pytest.fixture
def add(database):
    return lambda count, **more: AddLog(database).append([AddRequest(f"/p/{n}", {"n": n}, **more) for n in range(count)])


def test_rows_are_found_by_key_range(waiting, add):
    ids = [row.log_id for row in add(10)]
    assert waiting.ids(0, None, 100) == ids
    assert waiting.ids(ids[2], ids[5], 100) == ids[3:6]
    assert waiting.ids(0, None, 3) == ids[:3]
    assert waiting.last_id() == ids[-1]


def test_rows_come_in_order_and_those_that_wait_no_more_are_left_out(waiting, add, database):
    rows = add(5)
    Ledger(database).commit([], [Fault(rows[1], NotAnImage("no"))], 5)
    assert waiting.rows([row.log_id for row in reversed(rows)]) == [rows[0], *rows[2:]]
    assert waiting.rows([]) == []


def test_one_import_s_rows_are_told_from_the_others(database, add):
    number = Imports(database).begin("default", "a folder")
    add(3)
    mine = [row.log_id for row in add(2, import_id=number)]
    ours = Waiting(database, import_id=number)
    assert ours.ids(0, None, 10) == mine
    assert [row.log_id for row in ours.rows(range(1, 100))] == mine


def test_thousands_of_rows_fit_the_databases_limits(waiting, add):
    ids = [row.log_id for row in add(2500)]
    assert [row.log_id for row in waiting.rows(ids)] == ids
