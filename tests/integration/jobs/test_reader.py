"""Feeding from the add-log, with leases on a real Redis: who gets which rows, and when there are no more."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from cli.stack.ports import free_ports
from config.sections import RedisSettings, SqlSettings
from imagesearch.errors import NotAnImage, SourceTimeout, UnknownImport
from imagesearch.stores.redis_leases import RedisLeases
from imagesearch.stores.sql.add_log import AddLog
from imagesearch.stores.sql.database import Database
from imagesearch.stores.sql.ledger import Ledger
from imagesearch.stores.sql.migrate import migrate
from imagesearch.stores.sql.tables import image_add_log
from imagesearch.stores.sql.verdicts import Fault
from imagesearch.stores.sql.waiting import Waiting
from imagesearch.types import AddRequest
from jobs.lease_keeper import LeaseKeeper
from jobs.reader import Reader


@pytest.fixture
def database(tmp_path):
    settings = SqlSettings(url=f"sqlite:///{tmp_path}/test.db")
    migrate(settings)
    database = Database(settings)
    yield database
    database.close()


@pytest.fixture
def claims(redis_server, request):
    """Claims of one loader after another, each with an owner of its own."""
    opened = []

    def open_one(url=redis_server.url):
        opened.append(RedisLeases(RedisSettings(url=url, timeout_s=1.0), request.node.name))
        return LeaseKeeper(opened[-1], 30.0)

    yield open_one
    for one in opened:
        one.close()


@pytest.fixture
def add(database):
    return lambda count: [row.log_id for row in AddLog(database).append([AddRequest(f"/p/{n}") for n in range(count)])]


@pytest.fixture
def finish(database):
    def end(rows, error=None):
        Ledger(database).commit([], [Fault(row, error or NotAnImage("no")) for row in rows], 5, backoff_s=30)

    return end


@pytest.fixture
def make_due(database):
    def make():
        with database.write() as connection:
            past = datetime.now(UTC) - timedelta(seconds=1)
            connection.execute(update(image_add_log).where(image_add_log.c.retry_time.is_not(None)).values(retry_time=past))

    return make


def ids(rows):
    return rows and [row.log_id for row in rows]


def test_once_all_rows_are_given_once_and_the_end_comes_when_they_are_final(database, claims, add, finish):
    added = add(5)
    keeper = claims()
    reader = Reader(Waiting(database), keeper, 2)
    batches = [reader.take() for _ in range(3)]
    assert [ids(batch) for batch in batches] == [added[:2], added[2:4], added[4:]]
    assert reader.take() == []
    add(1)
    for batch in batches:
        finish(batch)
        keeper.release(ids(batch))
    assert reader.take() is None


def test_rows_that_another_loader_holds_are_left_to_it_and_waited_for(database, claims, add, finish):
    added = add(4)
    first, second = Reader(Waiting(database), keeper := claims(), 3), Reader(Waiting(database), claims(), 3)
    theirs = first.take()
    assert ids(second.take()) == added[3:]
    assert second.take() == []
    keeper.release(added[:3])
    assert ids(second.take()) == added[:3]
    assert ids(theirs) == added[:3]


def test_with_redis_down_a_loader_still_never_takes_its_own_rows_twice(database, claims, add):
    added = add(3)
    reader = Reader(Waiting(database), claims(f"redis://127.0.0.1:{free_ports(1)[0]}/0"), 10, follow=True)
    assert ids(reader.take()) == added
    assert reader.take() == []


def test_a_row_that_commits_late_behind_others_is_still_taken(database, claims, add):
    added = add(4)
    reader = Reader(Waiting(database), claims(), 1, follow=True)
    with database.write() as connection:
        connection.execute(update(image_add_log).where(image_add_log.c.id == added[1]).values(state="failed"))
    assert [ids(reader.take()) for _ in range(3)] == [[added[0]], [added[2]], [added[3]]]
    with database.write() as connection:
        connection.execute(update(image_add_log).where(image_add_log.c.id == added[1]).values(state="pending"))
    assert ids(reader.take()) == [added[1]]


def test_a_row_whose_fault_may_pass_is_not_tried_early_and_keeps_the_job_from_its_end(database, claims, add, finish, make_due):
    added = add(1)
    keeper = claims()
    reader = Reader(Waiting(database), keeper, 10)
    finish(reader.take(), SourceTimeout("slow"))
    keeper.release(added)
    assert reader.take() == []
    make_due()
    again = reader.take()
    assert (ids(again), again[0].attempts) == (added, 1)


def test_fresh_rows_and_due_ones_take_turns(database, claims, add, finish, make_due):
    keeper = claims()
    reader = Reader(Waiting(database), keeper, 2, follow=True)
    old = add(6)
    for _ in range(3):
        rows = reader.take()
        finish(rows, SourceTimeout("slow"))
        keeper.release(ids(rows))
    make_due()
    new = add(4)
    turns = [set(ids(reader.take())) <= set(new) for _ in range(5)]
    assert sorted(turns[:4]) == [False, False, True, True]
    assert turns[:4] in ([True, False] * 2, [False, True] * 2)
    assert old


def test_due_rows_that_another_loader_holds_do_not_hide_those_behind_them(database, claims, add, finish, make_due):
    added = add(3)
    setter = Reader(Waiting(database), keeper := claims(), 10)
    finish(setter.take(), SourceTimeout("slow"))
    keeper.release(added)
    make_due()
    theirs = ids(Reader(Waiting(database), claims(), 2).take())
    assert set(ids(Reader(Waiting(database), claims(), 2).take())) == set(added) - set(theirs)


def test_no_more_rows_are_taken_than_the_limit_says(database, claims, add):
    added = add(5)
    reader = Reader(Waiting(database), claims(), 2, limit=3)
    assert [ids(reader.take()) for _ in range(3)] == [added[:2], added[2:3], None]


@pytest.mark.parametrize("follow", [False, True])
def test_an_import_that_is_not_there_is_an_error_and_not_nothing_to_do(database, claims, follow):
    with pytest.raises(UnknownImport):
        Reader(Waiting(database, import_id=999), claims(), 10, follow=follow).take()
