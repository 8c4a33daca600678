"""Pictures that are half loaded and that nobody will finish, on SQLite and on MariaDB."""

import pytest

from imagesearch.errors import NotAnImage
from imagesearch.stores.sql.add_log import AddLog
from imagesearch.stores.sql.changes import Changes
from imagesearch.stores.sql.verdicts import Fault, Found, Tally
from imagesearch.types import AddRequest, PictureFacts, PictureState


@pytest.fixture
def add(database):
    def make(namespace="default"):
        return AddLog(database).append([AddRequest("/p", {}, namespace)])[0]

    return make


def intern(ledger, number, namespace="default"):
    facts = PictureFacts(f"{number:064}", 10, 20, "png", 30, "0" * 64)
    return ledger.intern([(namespace, facts)])[namespace, facts.content_hash]


def test_a_picture_is_abandoned_once_no_request_of_its_namespace_waits(catalog, ledger, add):
    assert catalog.loading_namespaces() == []
    row, other = add(), add("other")
    one = intern(ledger, 1)
    assert (catalog.loading_namespaces(), catalog.abandoned("default", 0, 10)) == (["default"], [])
    ledger.commit([], [Fault(row, NotAnImage("no"))], 5)
    assert catalog.abandoned("default", 0, 10) == [one.milvus_id]
    # The other's own request waits still, and a loaded picture is none.
    two = intern(ledger, 1, "other")
    assert (catalog.loading_namespaces(), catalog.abandoned("other", 0, 10)) == (["default", "other"], [])
    assert ledger.commit([Found(other, two.milvus_id, True)], [], 5) == Tally(loaded=1)
    assert (catalog.loading_namespaces(), catalog.abandoned("other", 0, 10)) == (["default"], [])


def test_one_that_was_loaded_once_is_not_while_its_request_has_failed(catalog, ledger, add):
    row = add()
    one = intern(ledger, 1)
    ledger.commit([Found(row, one.milvus_id, True)], [], 5)
    ledger.reopen(one.milvus_id)
    assert catalog.abandoned("default", 0, 10) == []
    ledger.commit([], [Fault(row, NotAnImage("no"))], 5)
    lost = intern(ledger, 2)
    assert catalog.abandoned("default", 0, 10) == [lost.milvus_id]


def test_one_whose_request_became_another_picture_is(catalog, ledger, add):
    row = add()
    one, two = intern(ledger, 1), intern(ledger, 2)
    ledger.commit([Found(row, one.milvus_id, True)], [], 5)
    ledger.reopen(one.milvus_id)
    ledger.commit([Found(row, two.milvus_id, True)], [], 5)
    assert catalog.abandoned("default", 0, 10) == [one.milvus_id]


def test_they_are_told_page_by_page(catalog, ledger):
    ids = sorted(intern(ledger, number).milvus_id for number in range(5))
    assert catalog.abandoned("default", 0, 3) == ids[:3]
    assert catalog.abandoned("default", ids[2], 3) == ids[3:]


def test_one_that_was_given_up_keeps_its_id_and_can_be_loaded(database, catalog, ledger, add):
    one, changes = intern(ledger, 1), Changes(database)
    late = add()
    assert changes.give_up(one.milvus_id)
    assert not changes.give_up(one.milvus_id)
    assert (catalog.loading_namespaces(), catalog.states_of([one.milvus_id])) == ([], {one.milvus_id: PictureState.DELETED})
    removed = []
    assert changes.purge(one.milvus_id, removed.extend)
    assert removed == [one.milvus_id]
    # A loader that had it in hand brings nothing; its next try does.
    assert ledger.commit([Found(late, one.milvus_id, True)], [], 5) == Tally(deferred=1)
    assert intern(ledger, 1).milvus_id == one.milvus_id
    assert ledger.commit([Found(late, one.milvus_id, True)], [], 5) == Tally(loaded=1)
    assert not changes.give_up(one.milvus_id)
    assert catalog.get(one.milvus_id).milvus_id == one.milvus_id
