"""The catalog on SQLite and on MariaDB."""

import pytest

from imagesearch.errors import UnknownImage
from imagesearch.stores.sql.add_log import AddLog
from imagesearch.stores.sql.catalog import SOURCES_SHOWN
from imagesearch.stores.sql.changes import Changes
from imagesearch.stores.sql.ledger import Ledger
from imagesearch.stores.sql.verdicts import Found
from imagesearch.types import AddRequest, Content, PictureFacts


def load(database, names, namespace="default", sources=1):
    rows = AddLog(database).append([AddRequest(f"/{name}/{n}", {"n": n}, namespace) for name in names for n in range(sources)])
    ledger = Ledger(database)
    pictures = [(namespace, PictureFacts(name * 64, 1, 1, "png", 1, "0" * 64)) for name in names]
    known = ledger.intern(pictures)
    ids = [known[namespace, name * 64].milvus_id for name in names]
    ledger.commit([Found(row, ids[place // sources], True) for place, row in enumerate(rows)], [], 5)
    return ids


def test_pages_walk_a_namespace_without_gap_or_double(catalog, database):
    ids = load(database, "abcde")
    load(database, "xyz", "other")
    seen, after = [], 0
    while page := catalog.page("default", after, 2):
        seen += [entry.milvus_id for entry in page]
        after = seen[-1]
    assert seen == sorted(ids)
    assert catalog.count() == 8


def test_only_searchable_pictures_are_shown(catalog, database):
    (one,) = load(database, "a")
    waiting = Ledger(database).intern([("default", PictureFacts("b" * 64, 1, 1, "png", 1, "0" * 64))])
    hidden = next(iter(waiting.values())).milvus_id
    assert set(catalog.entries([one, hidden, 10**12])) == {one}
    with pytest.raises(UnknownImage):
        catalog.get(hidden)
    assert [milvus_id for milvus_id, _ in catalog.states(0, 10)] == sorted([one, hidden])


def test_all_sources_are_kept_oldest_first_up_to_what_is_shown(catalog, database):
    (few,) = load(database, "a", sources=3)
    (many,) = load(database, "b", sources=SOURCES_SHOWN + 5)
    found = catalog.entries([few, many])
    assert [s.info["n"] for s in found[few].sources] == [0, 1, 2]
    assert [s.info["n"] for s in found[many].sources] == list(range(SOURCES_SHOWN))


def test_a_namespace_is_known_once_a_picture_was_loaded_into_it(catalog, database):
    load(database, "a", "Cats")
    assert catalog.knows_namespace("Cats")
    assert not catalog.knows_namespace("cats")
    assert not catalog.knows_namespace("")


def test_ids_of_a_namespace_by_key_range_and_their_count(catalog, database):
    ids = load(database, "abcd")
    load(database, "xy", "other")
    assert catalog.ids("default", -1, 3) == sorted(ids)[:3]
    assert catalog.ids("default", sorted(ids)[2], 3) == sorted(ids)[3:]
    assert (catalog.count("default"), catalog.count("other"), catalog.count("none")) == (4, 2, 0)


def test_pictures_seen_under_more_than_one_path(catalog, database):
    once = load(database, "ab")
    twice = load(database, "c", sources=2)
    again = AddLog(database).append([AddRequest("/a/0")])
    Ledger(database).commit([Found(again[0], once[0], False)], [], 5)
    assert len(catalog.get(once[0]).sources) == 2
    # The same path added again is one place.
    assert catalog.seen_twice([*once, *twice]) == set(twice)


def test_contents_are_told_of_pictures_of_every_state_but_walked_over_the_searchable_only(catalog, database):
    ids = load(database, "abc")
    waiting = Ledger(database).intern([("default", PictureFacts("d" * 64, 1, 1, "png", 1, "0" * 64))])
    loading = next(iter(waiting.values())).milvus_id
    Changes(database).delete(ids[1])
    first, last = Content(ids[0], "default", "a" * 64, "searchable"), Content(ids[2], "default", "c" * 64, "searchable")
    gone, new = Content(ids[1], "default", "b" * 64, "deleted"), Content(loading, "default", "d" * 64, "loading")
    assert catalog.contents(0, 10) == [first, last]
    assert (catalog.contents(0, 1), catalog.contents(ids[0], 1), catalog.contents(ids[2], 1)) == ([first], [last], [])
    assert [catalog.content_of(one) for one in (*ids, loading, 10**12)] == [first, gone, last, new, None]
    asked = [name * 64 for name in "abcde"]
    assert catalog.contents_among("default", asked) == {one.content_hash: one for one in (first, gone, last, new)}
    assert catalog.contents_among("other", asked) == {}
