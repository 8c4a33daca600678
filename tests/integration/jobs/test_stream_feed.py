"""What the stream's feed takes, finishes and sweeps, on a real broker, database and Redis; the engine is played by the test."""

import time
from itertools import pairwise

import pytest
from confluent_kafka import Producer

from config.settings import Settings
from imagesearch.errors import NotAnImage, StoreUnavailable
from imagesearch.stores.clients import open_leases
from imagesearch.stores.factory import open_announcements, open_announcer
from imagesearch.stores.sql.add_log import AddLog
from imagesearch.stores.sql.database import Database
from imagesearch.stores.sql.ledger import Ledger
from imagesearch.stores.sql.migrate import migrate
from imagesearch.stores.sql.verdicts import Fault
from imagesearch.stores.sql.waiting import Waiting
from imagesearch.types import AddRequest
from jobs.lease_keeper import LeaseKeeper
from jobs.stream_feed import StreamFeed

PATIENCE_S = 60
NEVER_S = 3600


class Loader:
    """One loader: a feed with all that it needs; what it took and did not settle is in `rows`."""

    def __init__(self, settings, limit=None):
        self._database = Database(settings.sql)
        self._leases = open_leases(settings)
        self._keeper = LeaseKeeper(self._leases, settings.redis.lease_s)
        self.claims = self._keeper.__enter__()
        self.ledger = Ledger(self._database)
        self.waiting = Waiting(self._database)
        self.feed = StreamFeed(settings, open_announcements(settings.stream), self.waiting, self.claims, limit)
        self.rows = []

    @property
    def ids(self):
        return sorted(row.log_id for row in self.rows)

    def take(self):
        rows = self.feed.take()
        self.rows += rows or []
        return rows

    def load(self):
        """Make every row final that was taken; the engine's way of telling it."""
        rows, self.rows = self.rows, []
        self.ledger.commit([], [Fault(row, NotAnImage("no picture")) for row in rows], 1)
        self.settle(rows, final=True)

    def settle(self, rows, final):
        log_ids = [row.log_id for row in rows]
        self.claims.release(log_ids)
        self.feed.settled(log_ids, final=final)

    def close(self):
        self.feed.close()
        self.die()

    def die(self):
        self._keeper.__exit__(None, None, None)
        self._leases.close()
        self._database.close()


def until(done, *loaders):
    end = time.monotonic() + PATIENCE_S
    while not done():
        assert time.monotonic() < end
        for loader in loaders:
            loader.take()


@pytest.fixture
def settings(tmp_path, kafka, kafka_topic, redis_server):
    settings = Settings(
        profile="test",
        sql={"url": f"sqlite:///{tmp_path}/a.db"},
        milvus={"uri": "http://127.0.0.1:1"},
        redis={"url": redis_server.url},
        blobs={"uri": str(tmp_path)},
        load={"batch_rows": 16},
        stream=kafka.settings(kafka_topic, sweep_s=NEVER_S),
    )
    migrate(settings.sql)
    return settings


@pytest.fixture
def loader(settings):
    opened = []

    def open_one(limit=None, **stream):
        changed = settings.model_copy(update={"stream": settings.stream.model_copy(update=stream)})
        opened.append(Loader(changed, limit))
        return opened[-1]

    yield open_one
    for one in opened:
        one.close()


@pytest.fixture
def add(settings):
    """Append rows, and announce them unless told otherwise."""
    database = Database(settings.sql)
    log, announcer = AddLog(database), open_announcer(settings.stream)

    def add_rows(count, announced=1):
        rows = log.append([AddRequest(f"/{n}.png") for n in range(count)])
        for _ in range(announced):
            announcer.announce(rows)
        return [row.log_id for row in rows]

    yield add_rows
    announcer.close()
    database.close()


def test_announced_rows_come_in_batches_of_the_settings_size(loader, add):
    one = loader()
    assert one.take() == []
    ids = add(40)
    sizes = []
    until(lambda: sizes.append(len(one.rows)) or len(one.rows) >= 40, one)
    assert one.ids == ids
    assert max(b - a for a, b in pairwise(sizes)) <= 16


def test_rows_that_were_added_before_any_loader_was_there_are_swept_at_the_start(loader, add):
    ids = add(20, announced=0)
    one = loader()
    until(lambda: len(one.rows) >= 20, one)
    assert one.ids == ids


def test_a_row_that_was_announced_to_nobody_is_found_by_the_next_sweep(loader, add):
    one = loader(sweep_s=0.3)
    assert one.take() == []
    [lost] = add(1, announced=0)
    until(lambda: one.ids == [lost], one)


def test_a_row_that_is_announced_twice_is_taken_once_and_its_offsets_move_on(loader, add):
    one = loader()
    ids = add(10, announced=3)
    until(lambda: len(one.rows) >= 10, one)
    one.load()
    for _ in range(5):
        assert one.take() == []
    one.close()
    again = loader()
    [last] = add(1)
    until(lambda: again.rows, again)
    assert again.ids == [last]
    assert ids[-1] < last


def test_an_announcement_of_a_row_that_is_final_or_was_never_there_is_passed_over(loader, add, settings, kafka, kafka_topic):
    one = loader()
    add(3)
    until(lambda: len(one.rows) >= 3, one)
    one.load()
    stranger = Producer({"bootstrap.servers": kafka.server})
    for log_id in (1, 2, 999_999):
        stranger.produce(kafka_topic, b'{"v":1,"log_id":%d}' % log_id)
    assert stranger.flush(10) == 0
    [last] = add(1)
    until(lambda: one.rows, one)
    assert one.ids == [last]


def test_what_was_not_final_when_a_loader_died_is_announced_to_the_next_one(loader, add):
    one = loader()
    # The sweep at the start is over: all that comes now was announced.
    assert one.take() == []
    add(30)
    until(lambda: len(one.rows) >= 30, one)
    kept = one.rows[20:]
    one.rows = one.rows[:20]
    one.load()
    # Gone without a word, but for its leases, which would run out.
    one.claims.release([row.log_id for row in kept])
    one.feed.close()
    again = loader()
    again.feed._sweep_at = time.monotonic() + NEVER_S
    until(lambda: len(again.rows) >= 10, again)
    assert again.ids == sorted(row.log_id for row in kept)


def test_rows_that_came_back_because_a_store_was_away_are_taken_anew(loader, add):
    one = loader()
    ids = add(5)
    until(lambda: len(one.rows) >= 5, one)
    rows, one.rows = one.rows, []
    one.settle(rows, final=False)
    until(lambda: len(one.rows) >= 5, one)
    assert one.ids == ids


def test_a_row_that_another_loader_holds_is_left_to_it(loader, add):
    one, other = loader(), loader(group="another")
    ids = add(12)
    until(lambda: len(one.rows) >= 12, one)
    for _ in range(30):
        assert other.take() == []
    assert one.ids == ids


def test_while_the_broker_is_away_the_add_log_is_read_instead(loader, add, kafka, kafka_topic):
    one = loader()
    [first] = add(1)
    until(lambda: one.rows, one)
    kafka.stop()
    try:
        lost = add(3)
        until(lambda: len(one.rows) >= 4, one)
    finally:
        kafka.start()
        kafka.create(kafka_topic)
    assert one.ids == [first, *lost]
    one.load()
    later = add(2)
    until(lambda: len(one.rows) >= 2, one)
    assert one.ids == later


def test_nothing_that_was_heard_is_forgotten_while_the_database_is_away(loader, add, monkeypatch):
    one = loader()
    assert one.take() == []
    ids = add(5)

    def away(log_ids):
        raise StoreUnavailable("down", store="sql")

    with monkeypatch.context() as patch:
        patch.setattr(one.waiting, "rows", away)
        with pytest.raises(StoreUnavailable):
            until(lambda: False, one)
        assert one.claims.held() == set()
    until(lambda: len(one.rows) >= 5, one)
    assert one.ids == ids


def test_a_limit_bounds_what_is_taken_announced_or_swept(loader, add):
    add(20, announced=0)
    add(20)
    one = loader(limit=25)
    until(lambda: one.take() is None, one)
    assert len(one.rows) == 25
    assert one.claims.held() == set(one.ids)


def test_two_loaders_share_what_is_announced_and_take_nothing_twice(loader, add):
    one, other = loader(), loader()
    assert (one.take(), other.take()) == ([], [])
    heard = set()
    for _ in range(100):
        add(6)
        for _ in range(3):
            one.take(), other.take()
        heard |= {who for who in (one, other) if who.rows}
        if heard == {one, other}:
            break
    ids = add(60)
    until(lambda: set(ids) <= set(one.ids + other.ids), one, other)
    assert one.rows
    assert other.rows
    assert not set(one.ids) & set(other.ids)
