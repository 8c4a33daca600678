"""Multi-row inserts: one statement a chunk, whatever has keys, on SQLite and on MariaDB."""

import pytest
from sqlalchemy import event

from imagesearch.stores.sql import insert
from imagesearch.stores.sql.add_log import AddLog
from imagesearch.types import AddRequest


@pytest.fixture
def statements(database):
    """The INSERTs that the database is sent from now on, each with its rows."""
    seen = []

    def hear(_connection, _cursor, statement, _parameters, _context, many):
        assert not many
        if statement.startswith("INSERT"):
            seen.append(statement.count("), (") + 1)

    event.listen(database.engine, "before_cursor_execute", hear)
    return seen


@pytest.mark.parametrize("keyed", [False, True])
def test_a_thousand_requests_are_one_insert(database, statements, keyed):
    requests = [AddRequest(f"/{n}", {"n": n}, idempotency_key=f"k{n}" if keyed else None) for n in range(1000)]
    rows = AddLog(database).append(requests)
    assert statements == [1000]
    assert [row.image_path for row in rows] == [f"/{n}" for n in range(1000)]


def test_requests_of_both_kinds_are_two_inserts(database, statements):
    AddLog(database).append([AddRequest(f"/{n}", idempotency_key=f"k{n}" if n % 2 else None) for n in range(1000)])
    assert statements == [500, 500]


def test_more_rows_than_a_statement_takes_are_cut_and_keep_their_order(database, statements):
    log = AddLog(database)
    # Two values of its own each; the others are the same in all.
    rows = log.append([AddRequest(f"/{n}") for n in range(20_000)])
    assert len(statements) == 2
    assert sum(statements) == 20_000
    for n in (0, 14_996, 14_997, 19_999):
        assert log.get(rows[n].log_id).image_path == f"/{n}"


def test_long_rows_make_short_statements(database, statements, monkeypatch):
    monkeypatch.setattr(insert, "MAX_CHARACTERS", 10_000)
    log = AddLog(database)
    rows = log.append(
        [AddRequest(f"/{n}", {"text": "x" * 3000}) for n in range(10)] + [AddRequest("/long", {"text": "y" * 20_000})]
    )
    assert max(statements) == 3
    assert sum(statements) == 11
    assert log.get(rows[-1].log_id).info == {"text": "y" * 20_000}


def test_rows_that_are_all_the_same_are_as_many_rows(database, statements):
    request = AddRequest("/same", {"n": 1})
    first, second, third = AddLog(database).append([request] * 3)
    assert statements == [3]
    assert [second.log_id, third.log_id] == [first.log_id + 1, first.log_id + 2]
    assert AddLog(database).get(third.log_id).info == {"n": 1}


def test_what_all_rows_share_is_written_as_it_is_in_each(database, statements):
    """Quotes, marks of parameters and None: nothing of it is taken for SQL."""
    info = {"text": "100 % of ?1 and %(s0)s, 'so' \\"}
    rows = AddLog(database).append([AddRequest(f"/{n} ?2 %s", info, "a-b") for n in range(3)])
    for n, row in enumerate(rows):
        again = AddLog(database).get(row.log_id)
        assert (again.image_path, again.info, again.namespace, again.error_code) == (f"/{n} ?2 %s", info, "a-b", None)


def test_a_thousand_of_the_longest_rows_are_taken(database):
    log = AddLog(database)
    rows = log.append([AddRequest(f"/{n}", {"text": "'" * 60_000}) for n in range(300)])
    assert log.get(rows[-1].log_id).info == {"text": "'" * 60_000}
