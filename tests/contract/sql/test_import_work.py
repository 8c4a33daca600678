"""Reading an import: who may, what is recorded, what is never doubled; on SQLite and on MariaDB."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from imagesearch.errors import SourceNotFound
from imagesearch.stores.sql import import_work
from imagesearch.stores.sql.add_log import AddLog
from imagesearch.stores.sql.import_errors import ImportErrors
from imagesearch.stores.sql.import_work import Batch, LineFault
from imagesearch.stores.sql.tables import image_import
from imagesearch.stores.sql.waiting import Waiting
from imagesearch.types import AddRequest, Cursor, ImportState, LogState


@pytest.fixture
def silent(database):
    """Have an import's reader be silent for so many seconds."""

    def make(number, seconds):
        with database.write() as connection:
            time = datetime.now(UTC) - timedelta(seconds=seconds)
            connection.execute(update(image_import).where(image_import.c.id == number).values(beat_time=time))

    return make


def requests(start, end):
    return [AddRequest(f"/{n}", {"n": n}, idempotency_key=f"k{n}") for n in range(start, end)]


def batch(start, end, **more):
    return Batch(start, Cursor("v", end, f"line {end}"), requests(start, end), **more)


def test_each_import_is_taken_by_one(imports, work):
    numbers = {imports.create("default", f"/{n}").import_id for n in range(4)}
    with ThreadPoolExecutor(8) as threads:
        taken = list(threads.map(lambda n: work.claim(f"owner {n}", 30), range(8)))
    assert sorted(one.import_id for one in taken if one is not None) == sorted(numbers)


def test_an_import_whose_reader_died_is_taken_up_where_it_was(imports, work, silent):
    number = imports.create("default", "/x", owner="dead").import_id
    assert work.record(number, "dead", batch(0, 5))
    assert work.claim("me", 30) is None
    silent(number, 31)
    taken = work.claim("me", 30)
    assert taken.cursor == Cursor("", 5, "line 5")
    # Whom everyone took for dead finds that it lost the import.
    assert not work.beat(number, "dead")
    assert not work.record(number, "dead", batch(5, 9))
    assert work.beat(number, "me")
    assert work.record(number, "me", batch(5, 9))
    assert imports.rows(number)[LogState.PENDING] == 9


def test_a_clock_that_was_put_back_keeps_no_import_from_being_taken_up(imports, work, silent):
    number = imports.create("default", "/x", owner="dead").import_id
    silent(number, -3600)
    assert work.claim("me", 30).import_id == number


def test_a_follower_leaves_a_fresh_import_to_those_who_were_asked(imports, work, silent):
    number = imports.create("default", "/x").import_id
    assert work.claim("follower", 30, after_s=30) is None
    silent(number, 31)
    assert work.claim("follower", 30, after_s=30).import_id == number


def test_what_is_given_back_is_taken_up_at_once(imports, work):
    number = imports.create("default", "/x", owner="me").import_id
    work.release(number, "another")
    assert work.claim("other", 30) is None
    work.release(number, "me")
    assert work.claim("other", 30).import_id == number


@pytest.mark.parametrize("turn", ["pause", "cancel"])
def test_what_was_read_after_a_pause_or_the_end_is_dropped(imports, work, turn):
    number = imports.create("default", "/x", owner="me").import_id
    assert work.record(number, "me", batch(0, 5))
    getattr(imports, turn)(number)
    assert not work.beat(number, "me")
    assert not work.record(number, "me", batch(5, 9))
    assert not work.restart(number, "me", "w")
    work.end(number, "me")
    assert imports.get(number).cursor.position == 5
    assert imports.get(number).state in (ImportState.PAUSED, ImportState.CANCELLED)
    assert sum(imports.rows(number).values()) == 5


def test_a_batch_whose_commit_was_not_heard_of_is_counted_once(imports, work):
    number = imports.create("default", "/x", owner="me").import_id
    for _ in range(2):
        assert work.record(number, "me", batch(0, 5))
    one = work.end(number, "me")
    assert (one.added, one.known, one.cursor.position) == (5, 0, 5)


def test_the_same_import_again_adds_nothing(imports, work):
    for expected in ((5, 0), (0, 5)):
        number = imports.create("default", "/x", owner="me").import_id
        work.record(number, "me", batch(0, 5, skipped=0))
        one = work.end(number, "me")
        assert (one.added, one.known, one.state) == (*expected, ImportState.DONE)
    assert len(Waiting(work._database).fresh(0, None, 100)) == 5


def test_a_line_that_is_there_twice_is_one_row(imports, work):
    number = imports.create("default", "/x", owner="me").import_id
    work.record(number, "me", Batch(0, Cursor("v", 6), requests(0, 3) + requests(0, 3)))
    one = work.end(number, "me")
    assert (one.added, one.known) == (3, 3)


def test_two_imports_of_one_source_at_once_share_its_rows(imports, work):
    numbers = [imports.create("default", "/x", owner=f"me {n}").import_id for n in range(2)]

    def run(n):
        for start in range(0, 300, 20):
            assert work.record(numbers[n], f"me {n}", batch(start, start + 20))
        return work.end(numbers[n], f"me {n}")

    with ThreadPoolExecutor(2) as threads:
        both = list(threads.map(run, range(2)))
    assert sum(one.added for one in both) == 300
    assert [one.added + one.known for one in both] == [300, 300]
    assert len(Waiting(work._database).fresh(0, None, 1000)) == 300


def test_keys_of_another_namespace_are_another_s(imports, work):
    AddLog(work._database).append([AddRequest("/0", {"n": 0}, "other", idempotency_key="k0")])
    number = imports.create("default", "/x", owner="me").import_id
    work.record(number, "me", batch(0, 1))
    assert work.end(number, "me").added == 1


def test_bad_lines_are_kept_once_up_to_a_bound_and_counted_beyond_it(imports, work, database, monkeypatch):
    monkeypatch.setattr(import_work, "MAX_ERRORS", 5)
    number = imports.create("default", "/x", owner="me").import_id
    for start in (0, 4, 8):
        bad = [LineFault(line, "p\udcff" + "x" * 5000, SourceNotFound("gone " * 1000)) for line in range(start, start + 4)]
        assert work.record(number, "me", Batch(start, Cursor("v", start + 4, "q\udcff"), [], 4, bad))
    one = work.end(number, "me")
    assert (one.bad, one.skipped, one.added, one.known) == (12, 12, 0, 0)
    kept = ImportErrors(database).lines(number, -1)
    assert [fault.line for fault in kept] == [0, 1, 2, 3, 4]
    assert kept[0].place.startswith("p\\udcffxxx")


def test_reading_from_the_beginning_again_forgets_what_was_counted_and_doubles_nothing(imports, work, database):
    number = imports.create("default", "/x", owner="me").import_id
    bad = [LineFault(1, "/1", SourceNotFound("gone"))]
    work.record(number, "me", Batch(0, Cursor("v", 4), requests(0, 3), 1, bad))
    assert work.restart(number, "me", "w")
    assert (imports.get(number).cursor, ImportErrors(database).first(number, 9)) == (Cursor("w", 0, ""), [])
    work.record(number, "me", Batch(0, Cursor("w", 5), requests(0, 4), 1, bad))
    one = work.end(number, "me")
    assert (one.added, one.known, one.skipped, one.bad) == (4, 0, 1, 1)
    assert len(Waiting(database).fresh(0, None, 100)) == 4


def test_what_breaks_off_keeps_its_rows_and_its_reason_and_goes_on_when_resumed(imports, work):
    number = imports.create("default", "/x", owner="me").import_id
    work.record(number, "me", batch(0, 5, total=50))
    one = work.end(number, "me", SourceNotFound("gone"))
    assert (one.state, one.error_code, one.error_detail, one.total) == (ImportState.FAILED, "source_not_found", "gone", 50)
    assert work.claim("other", 30) is None
    imports.resume(number)
    taken = work.claim("other", 30)
    assert (taken.error_code, taken.cursor.position) == (None, 5)
    work.record(number, "other", batch(5, 9))
    done = work.end(number, "other")
    assert (done.state, done.added, done.total, done.read_time is not None) == (ImportState.DONE, 9, 9, True)


def test_there_is_work_while_an_import_is_read_or_cancelled_rows_wait(imports, work):
    assert not work.unfinished()
    number = imports.create("default", "/x").import_id
    assert work.unfinished()
    work.claim("me", 30)
    work.record(number, "me", batch(0, 2))
    imports.cancel(number)
    assert work.unfinished()
    assert work.cancelled() == [number]
    imports.fail_waiting(number)
    assert (work.unfinished(), work.cancelled()) == (False, [])
