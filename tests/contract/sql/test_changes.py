"""Changing and deleting pictures on SQLite and on MariaDB; a deletion and a load that meet leave no picture without its vector."""

import threading
import time
from dataclasses import replace

import pytest

from imagesearch.errors import InputError, StoreUnavailable, UnknownImage
from imagesearch.filters import compile_filter
from imagesearch.stores.sql.add_log import AddLog
from imagesearch.stores.sql.catalog import Catalog
from imagesearch.stores.sql.changes import Changes
from imagesearch.stores.sql.ledger import Ledger
from imagesearch.stores.sql.matches import Matches
from imagesearch.stores.sql.verdicts import Found, Tally
from imagesearch.stores.sql.waiting import Waiting
from imagesearch.types import AddRequest, PictureFacts, PictureState

FACTS = PictureFacts("a" * 64, 10, 20, "png", 30, "0" * 64)
KEY = ("default", FACTS.content_hash)


@pytest.fixture
def stores(database):
    class Stores:
        add_log, ledger, catalog = AddLog(database), Ledger(database), Catalog(database)
        changes, matches, waiting = Changes(database), Matches(database), Waiting(database)

        def add(self, info=None, key=None):
            (row,) = self.add_log.append([AddRequest("/p", info or {}, "default", key)])
            return row

        def intern(self):
            return self.ledger.intern([("default", FACTS)])[KEY]

        def load(self, row):
            one = self.intern()
            embedded = one.state is not PictureState.SEARCHABLE
            created = int(one.create_time.timestamp())
            return one.milvus_id, self.ledger.commit([Found(row, one.milvus_id, embedded, created)], [], 5)

        def matching(self, milvus_id, **conditions):
            return milvus_id in self.matches.confirm([milvus_id], compile_filter(conditions)).matching

    return Stores()


def test_info_is_merged_into_the_oldest_source_and_filtered_by_at_once(stores):
    rows = [stores.add({"label": "cat", "n": 1, "deep": {"a": 1, "b": 2}}), stores.add({"label": "dog"})]
    (milvus_id,) = {stores.load(row)[0] for row in rows}
    stores.changes.patch_info(milvus_id, {"label": "tiger", "n": None, "deep": {"b": None, "c": 3}, "new": True})
    first, second = stores.catalog.get(milvus_id).sources
    assert first.info == {"label": "tiger", "deep": {"a": 1, "c": 3}, "new": True}
    assert second.info == {"label": "dog"}
    assert stores.matching(milvus_id, label="tiger") and stores.matching(milvus_id, label="dog")
    assert stores.matching(milvus_id, new=True)
    assert not stores.matching(milvus_id, label="cat") and not stores.matching(milvus_id, n=1)


def test_the_source_to_change_may_be_named(stores):
    rows = [stores.add({"label": "cat"}), stores.add({"label": "dog"})]
    (milvus_id,) = {stores.load(row)[0] for row in rows}
    stores.changes.patch_info(milvus_id, {"label": "wolf"}, rows[1].log_id)
    assert [source.info["label"] for source in stores.catalog.get(milvus_id).sources] == ["cat", "wolf"]
    with pytest.raises(UnknownImage):
        stores.changes.patch_info(milvus_id, {"label": "x"}, 10**12)


def test_what_was_changed_outlives_a_repair_and_the_first_request_stays_repeatable(stores):
    row = stores.add({"label": "cat"}, key="k")
    milvus_id, _ = stores.load(row)
    stores.changes.patch_info(milvus_id, {"label": "tiger"})
    assert stores.ledger.reopen(milvus_id) == 1
    (again,) = stores.waiting.rows(stores.waiting.fresh(0, None, 10))
    assert again.info == {"label": "tiger"}
    stores.load(again)
    assert stores.catalog.get(milvus_id).sources[0].info == {"label": "tiger"}
    # What was asked for has not changed.
    assert stores.add({"label": "cat"}, key="k").log_id == row.log_id


def test_info_that_grows_too_large_is_refused_and_nothing_changed(stores):
    milvus_id, _ = stores.load(stores.add({"a": "x" * 40_000}))
    with pytest.raises(InputError, match="limit"):
        stores.changes.patch_info(milvus_id, {"b": "y" * 40_000})
    assert stores.catalog.get(milvus_id).sources[0].info == {"a": "x" * 40_000}


def test_a_deleted_picture_is_out_of_everything_and_again_is_no_error(stores):
    milvus_id, _ = stores.load(stores.add({"label": "cat"}))
    stores.changes.delete(milvus_id)
    stores.changes.delete(milvus_id)
    assert stores.catalog.entries([milvus_id]) == {} and stores.catalog.page("default", 0, 10) == []
    assert stores.catalog.count() == 0
    confirmed = stores.matches.confirm([milvus_id], compile_filter({}))
    assert not confirmed.searchable
    with pytest.raises(UnknownImage):
        stores.changes.patch_info(milvus_id, {"a": 1})
    for unknown in (milvus_id + 1, 0):
        with pytest.raises(UnknownImage):
            stores.changes.delete(unknown)


def test_one_that_is_added_again_comes_back_under_its_id_with_nothing_of_before(stores):
    milvus_id, _ = stores.load(stores.add({"label": "cat"}))
    stores.changes.delete(milvus_id)
    assert stores.load(stores.add({"label": "dog"})) == (milvus_id, Tally(loaded=1))
    assert [source.info for source in stores.catalog.get(milvus_id).sources] == [{"label": "dog"}]
    assert not stores.matching(milvus_id, label="cat")


def test_its_vector_is_removed_unless_it_came_back(stores):
    milvus_id, _ = stores.load(stores.add())
    removed = []
    assert not stores.changes.purge(milvus_id, removed.extend)
    stores.changes.delete(milvus_id)
    assert stores.changes.purge(milvus_id, removed.extend)
    assert removed == [milvus_id]
    stores.add()
    stores.intern()
    assert not stores.changes.purge(milvus_id, removed.extend)
    # One that SQL never knew is nobody's.
    assert stores.changes.purge(10**9, removed.extend)


def test_an_index_that_does_not_answer_leaves_the_picture_deleted(stores):
    milvus_id, _ = stores.load(stores.add())
    stores.changes.delete(milvus_id)

    def away(ids):
        raise StoreUnavailable("away", store="milvus")

    with pytest.raises(StoreUnavailable):
        stores.changes.purge(milvus_id, away)
    assert stores.catalog.states_of([milvus_id]) == {milvus_id: PictureState.DELETED}


def test_a_load_that_brings_the_picture_back_waits_for_its_vector_to_be_gone(stores):
    """Else the vector that it writes would be the one that is removed."""
    milvus_id, _ = stores.load(stores.add())
    stores.changes.delete(milvus_id)
    removing, order = threading.Event(), []

    def remove(ids):
        removing.set()
        time.sleep(0.3)
        order.append("removed")

    purging = threading.Thread(target=stores.changes.purge, args=(milvus_id, remove))
    purging.start()
    removing.wait()
    assert stores.intern().milvus_id == milvus_id
    order.append("interned")
    purging.join()
    assert order == ["removed", "interned"]


@pytest.mark.parametrize("comes_back", [False, True])
def test_a_vector_from_before_the_deletion_counts_for_nothing(stores, comes_back):
    """Two loaders have one picture in hand; one commits, it is deleted, and only then the other commits."""
    first, second = stores.add(), stores.add()
    one = stores.intern()
    created = int(one.create_time.timestamp())
    stores.ledger.commit([Found(first, one.milvus_id, True, created)], [], 5)
    # Made some seconds ago: the time is kept to the second.
    late = Found(second, one.milvus_id, True, created - 10)
    stores.changes.delete(one.milvus_id)
    if comes_back:
        stores.intern()
    assert stores.ledger.commit([late], [], 5) == Tally(deferred=1)
    assert stores.catalog.states_of([one.milvus_id]) != {one.milvus_id: PictureState.SEARCHABLE}
    # The next time it is embedded anew.
    again = stores.intern()
    fresh = replace(late, create_time=int(again.create_time.timestamp()))
    assert stores.ledger.commit([fresh], [], 5) == Tally(loaded=1)
