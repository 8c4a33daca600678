"""A stranger in the database: row locks held for longer than the load waits, and deadlocks made on purpose."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from sqlalchemy import select, text, update

from imagesearch.errors import NotAnImage, StoreBusy
from imagesearch.stores.sql.add_log import AddLog
from imagesearch.stores.sql.catalog import Catalog
from imagesearch.stores.sql.database import Database
from imagesearch.stores.sql.ledger import Ledger
from imagesearch.stores.sql.tables import image_add_log, image_info
from imagesearch.stores.sql.verdicts import Fault, Found, Tally
from imagesearch.types import AddRequest, LogState, PictureFacts

GOOD = 20


class Counting(Database):
    """Counts the transactions that were refused because of others."""

    busy = 0

    @contextmanager
    def write(self):
        try:
            with super().write() as connection:
                yield connection
        except StoreBusy:
            self.busy += 1
            raise


@pytest.fixture
def loader(sql_settings):
    """The loader's database, which waits a second for a lock and no longer."""
    database = Counting(sql_settings.model_copy(update={"lock_timeout_s": 1}))
    yield database
    database.close()


@pytest.fixture
def batch(database):
    """A batch before its commit: good pictures, and a bad one last."""
    rows = AddLog(database).append([AddRequest(f"/p/{n}") for n in range(GOOD + 1)])
    pictures = [("default", PictureFacts(f"{n:064d}", 1, 1, "png", 1, "0" * 64)) for n in range(GOOD)]
    interned = Ledger(database).intern(pictures)
    ids = [interned["default", one.content_hash].milvus_id for _, one in pictures]
    return [Found(row, one, True) for row, one in zip(rows, ids, strict=False)], [Fault(rows[-1], NotAnImage("no"))]


@contextmanager
def locked(database):
    """Have another connection hold the rows of the batch: on MariaDB those alone, on SQLite the file."""
    held, let_go = threading.Event(), threading.Event()

    def hold():
        with database.write() as connection:
            connection.execute(select(image_add_log.c.id).with_for_update())
            held.set()
            let_go.wait(60)

    with ThreadPoolExecutor(1) as threads:
        holding = threads.submit(hold)
        assert held.wait(30)
        try:
            yield let_go
        finally:
            let_go.set()
            holding.result()


def check_loaded_once(database, batch):
    found, (bad,) = batch
    log = AddLog(database)
    assert {log.get(one.row.log_id).state for one in found} == {LogState.LOADED}
    assert log.get(bad.row.log_id).state is LogState.FAILED
    entries = Catalog(database).entries([one.milvus_id for one in found])
    assert [len(entry.sources) for entry in entries.values()] == [1] * GOOD


def test_a_lock_that_is_held_for_longer_than_a_try_is_waited_out(database, loader, batch):
    with locked(database) as let_go, ThreadPoolExecutor(1) as threads:
        commit = threads.submit(Ledger(loader).commit, *batch, 5)
        end = time.monotonic() + 30
        while loader.busy == 0 and time.monotonic() < end:
            time.sleep(0.02)
        let_go.set()
        assert commit.result() == Tally(loaded=GOOD, failed=1)
    assert loader.busy >= 1
    check_loaded_once(database, batch)


def test_a_lock_that_nobody_lets_go_leaves_the_batch_as_it_was(database, loader, batch):
    with locked(database), pytest.raises(StoreBusy):
        Ledger(loader).commit(*batch, 5)
    found, faults = batch
    assert {AddLog(database).get(one.row.log_id).state for one in (*found, *faults)} == {LogState.PENDING}
    assert Catalog(database).entries([one.milvus_id for one in found]) == {}
    assert Ledger(loader).commit(*batch, 5) == Tally(loaded=GOOD, failed=1)
    check_loaded_once(database, batch)


def test_the_loser_of_a_deadlock_repeats_its_batch_whole(database, loader, batch):
    if database.engine.dialect.name == "sqlite":
        pytest.skip("SQLite has one writer at a time, and so no deadlocks")
    found, _ = batch
    with ThreadPoolExecutor(1) as threads:
        with database.write() as stranger:
            # Whoever has changed the most wins: the stranger, since the loader locks all that it will change before it begins.
            ids = [one.milvus_id for one in found]
            stranger.execute(update(image_info).where(image_info.c.milvus_id.in_(ids)).values(byte_size=2))
            commit = threads.submit(Ledger(loader).commit, *batch, 5)
            await_a_waiting_lock(database)
            stranger.execute(select(image_add_log.c.id).with_for_update())
        assert commit.result() == Tally(loaded=GOOD, failed=1)
    assert loader.busy >= 1
    check_loaded_once(database, batch)


def await_a_waiting_lock(database):
    waits = text("SELECT count(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'")
    end = time.monotonic() + 20
    while time.monotonic() < end:
        with database.read() as connection:
            if connection.scalar(waits):
                return
        # The server gathers this table anew only for a reader who has not asked for a tenth of a second.
        time.sleep(0.15)
    pytest.fail("the loader waits for no lock")
