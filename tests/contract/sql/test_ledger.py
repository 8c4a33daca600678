"""The loader's ledger on SQLite and on MariaDB: each step can be repeated, and no order of two loaders doubles a picture."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from sqlalchemy import select

from imagesearch.errors import NotAnImage, SourceTimeout
from imagesearch.stores.sql.tables import image_add_log
from imagesearch.stores.sql.verdicts import Fault, Found, Tally
from imagesearch.types import AddRequest, LogState, PictureFacts, PictureState


def facts(name):
    return PictureFacts(name * (64 // len(name)), 10, 20, "png", 30, "0" * 64)


def add(add_log, count, namespace="default"):
    return add_log.append([AddRequest(f"/p/{n}", {"n": n}, namespace) for n in range(count)])


def intern(ledger, name, namespace="default"):
    return ledger.intern([(namespace, facts(name))])[namespace, facts(name).content_hash]


def test_one_content_has_one_id_for_ever_and_another_in_another_namespace(ledger):
    first = intern(ledger, "a")
    assert intern(ledger, "a") == first
    assert first.state is PictureState.LOADING
    assert intern(ledger, "a", "other").milvus_id != first.milvus_id
    assert intern(ledger, "b").milvus_id != first.milvus_id


def test_loaders_that_intern_at_once_agree(ledger):
    pictures = [("default", facts(f"{n:02d}")) for n in range(40)]
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda shift: ledger.intern(pictures[shift:] + pictures[:shift]), range(8)))
    assert all(answer == answers[0] for answer in answers)
    assert len({one.milvus_id for one in answers[0].values()}) == 40


def test_a_commit_makes_the_picture_searchable_with_its_source(ledger, add_log, catalog):
    (row,) = add(add_log, 1)
    one = intern(ledger, "a")
    assert ledger.commit([Found(row, one.milvus_id, True)], [], 5) == Tally(loaded=1)
    entry = catalog.get(one.milvus_id)
    assert entry.state is PictureState.SEARCHABLE
    assert [(s.image_path, s.info, s.log_id) for s in entry.sources] == [("/p/0", {"n": 0}, row.log_id)]
    kept = add_log.get(row.log_id)
    assert (kept.state, kept.milvus_id, kept.error_code) == (LogState.LOADED, one.milvus_id, None)
    assert kept.load_time >= kept.create_time


def test_a_repeated_commit_changes_nothing(ledger, add_log, catalog):
    rows = add(add_log, 2)
    one = intern(ledger, "a")
    batch = [Found(row, one.milvus_id, True) for row in rows]
    assert ledger.commit(batch, [], 5) == Tally(loaded=1, duplicate=1)
    entry, log = catalog.get(one.milvus_id), [add_log.get(row.log_id) for row in rows]
    assert ledger.commit(batch, [Fault(rows[0], NotAnImage("no"))], 5) == Tally()
    assert catalog.get(one.milvus_id) == entry
    assert [add_log.get(row.log_id) for row in rows] == log
    assert len(entry.sources) == 2


def test_of_two_loaders_with_one_row_only_one_counts_it(ledger, add_log):
    rows = add(add_log, 20)
    one = intern(ledger, "a")
    batch = [Found(row, one.milvus_id, True) for row in rows]
    with ThreadPoolExecutor(4) as threads:
        tallies = list(threads.map(lambda _: ledger.commit(batch, [], 5), range(4)))
    assert sum(tallies, Tally()) == Tally(loaded=1, duplicate=19)


def test_a_row_that_counted_on_a_vector_that_is_gone_stays_pending(ledger, add_log):
    (row,) = add(add_log, 1)
    one = intern(ledger, "a")
    assert ledger.commit([Found(row, one.milvus_id, False)], [], 5) == Tally(deferred=1)
    assert add_log.get(row.log_id).state is LogState.PENDING


def test_a_permanent_fault_fails_at_once_and_its_neighbour_is_loaded(ledger, add_log):
    bad, good = add(add_log, 2)
    one = intern(ledger, "a")
    tally = ledger.commit([Found(good, one.milvus_id, True)], [Fault(bad, NotAnImage("it's a 'text'"))], 5)
    assert tally == Tally(loaded=1, failed=1)
    kept = add_log.get(bad.log_id)
    assert (kept.state, kept.error_code, kept.error_detail, kept.attempts) == (LogState.FAILED, "not_an_image", "it's a 'text'", 1)


def test_a_fault_that_may_pass_is_tried_until_the_limit(ledger, add_log):
    (row,) = add(add_log, 1)
    for attempt in range(1, 3):
        assert ledger.commit([], [Fault(add_log.get(row.log_id), SourceTimeout("slow"))], 3) == Tally(deferred=1)
        assert (add_log.get(row.log_id).attempts, add_log.get(row.log_id).state) == (attempt, LogState.PENDING)
    assert ledger.commit([], [Fault(add_log.get(row.log_id), SourceTimeout("slow"))], 3) == Tally(failed=1)
    assert add_log.get(row.log_id).error_code == "source_timeout"


def test_each_attempt_puts_the_row_off_for_longer_and_its_end_clears_that(ledger, add_log, waiting, database):
    (row,) = add(add_log, 1)

    def retry_time():
        with database.read() as connection:
            return connection.scalar(select(image_add_log.c.retry_time))

    for attempt, longest in enumerate([10, 20, 40, 60, 60]):
        before = datetime.now(UTC)
        ledger.commit([], [Fault(row._replace(attempts=attempt), SourceTimeout("slow"))], 9, backoff_s=10)
        pause = (retry_time() - before).total_seconds()
        assert longest / 2 <= pause < longest + 20
        assert waiting.fresh(0, None, 1) == waiting.due(None, 1) == waiting.rows([row.log_id]) == []
    ledger.commit([], [Fault(row._replace(attempts=8), SourceTimeout("slow"))], 9, backoff_s=10)
    assert retry_time() is None


def test_a_very_long_fault_is_cut_to_fit(ledger, add_log):
    (row,) = add(add_log, 1)
    ledger.commit([], [Fault(row, NotAnImage("日" * 100_000))], 3)
    assert len(add_log.get(row.log_id).error_detail) == 4000


def test_reopened_requests_are_loaded_anew_with_their_sources(ledger, add_log, catalog, waiting):
    rows = add(add_log, 3)
    one = intern(ledger, "a")
    batch = [Found(row, one.milvus_id, True) for row in rows]
    ledger.commit(batch, [], 5)
    assert ledger.reopen(one.milvus_id) == 3
    assert catalog.entries([one.milvus_id]) == {}
    assert len(waiting.fresh(0, None, 10)) == 3
    assert ledger.commit(batch, [], 5) == Tally(loaded=1, duplicate=2)
    assert len(catalog.get(one.milvus_id).sources) == 3


def test_a_batch_of_thousands_fits_the_databases_limits(ledger, add_log, waiting):
    rows = add(add_log, 2500)
    known = ledger.intern([("default", facts(f"{n:04d}")) for n in range(2500)])
    ids = [one.milvus_id for one in known.values()]
    found = [Found(row, one, True) for row, one in zip(rows, ids, strict=True)]
    faults = [Fault(one.row, NotAnImage("x")) for one in found[2000:]]
    assert ledger.commit(found[:2000], faults, 5) == Tally(loaded=2000, failed=500)
    assert waiting.fresh(0, None, 1) == []
