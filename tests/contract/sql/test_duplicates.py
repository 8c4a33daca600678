"""Searches for duplicates on SQLite and on MariaDB."""

import pytest

from imagesearch.errors import InputError
from imagesearch.pairs import Pair
from imagesearch.stores.sql import duplicates as module
from imagesearch.stores.sql.duplicates import Duplicates

PLACE = ("default", "images_tiny")


@pytest.fixture
def duplicates(database):
    return Duplicates(database)


def pair(one, other, copy=0.99):
    return Pair(one, other, "edited", copy)


def all_pairs(duplicates, search, least=0.5):
    return [one for page in duplicates.pairs(search.search_id, least) for one in page]


def test_a_search_goes_on_where_it_was(duplicates):
    search = duplicates.begin(*PLACE, "a")
    assert (search.position, search.looked, search.end_time) == (-1, 0, None)
    search = duplicates.keep(search, 10, 8, 1, [pair(1, 2), pair(3, 3)])
    again = duplicates.begin(*PLACE, "a")
    assert again == search == duplicates.last(*PLACE)
    assert (again.position, again.looked, again.unread) == (10, 8, 1)
    search = duplicates.keep(again, 20, 5, 0, [pair(2, 12)])
    assert (search.looked, search.unread) == (13, 1)
    assert all_pairs(duplicates, search) == [pair(1, 2), pair(2, 12), pair(3, 3)]


@pytest.mark.parametrize("finished", [True, False])
def test_one_that_is_through_or_goes_by_something_else_is_begun_anew(duplicates, finished):
    before = duplicates.keep(duplicates.begin(*PLACE, "a"), 10, 8, 0, [pair(1, 2)])
    if finished:
        duplicates.finish(before.search_id)
        assert duplicates.last(*PLACE).end_time is not None
    after = duplicates.begin(*PLACE, "a" if finished else "b")
    assert after.search_id != before.search_id
    assert (after.position, after.looked, after.end_time) == (-1, 0, None)
    assert all_pairs(duplicates, after) == all_pairs(duplicates, before) == []


def test_namespaces_and_models_have_searches_of_their_own(duplicates):
    found = [duplicates.begin(*place, "a") for place in (PLACE, ("other", PLACE[1]), (PLACE[0], "images_other"))]
    assert len({search.search_id for search in found}) == 3
    assert duplicates.last("nowhere", PLACE[1]) is None
    duplicates.keep(found[1], 5, 5, 0, [pair(1, 2)])
    assert all_pairs(duplicates, found[0]) == []


def test_of_two_that_look_only_the_first_is_believed(duplicates):
    one = other = duplicates.begin(*PLACE, "a")
    ahead = duplicates.keep(one, 10, 8, 0, [pair(1, 2)])
    with pytest.raises(InputError, match="another process"):
        duplicates.keep(other, 12, 9, 0, [pair(1, 3)])
    assert all_pairs(duplicates, ahead) == [pair(1, 2)]
    duplicates.finish(ahead.search_id)
    with pytest.raises(InputError, match="another process"):
        duplicates.keep(ahead, 12, 9, 0, [])


def test_pairs_come_page_by_page_each_once_and_by_likelihood(duplicates, monkeypatch):
    monkeypatch.setattr(module, "PAGE", 7)
    search = duplicates.begin(*PLACE, "a")
    every = [pair(one, other, 0.5 + other / 100) for one in range(6) for other in range(one, 12)]
    search = duplicates.keep(search, 20, 20, 0, every)
    assert all_pairs(duplicates, search) == sorted(every, key=lambda one: (one.one, one.other))
    assert {one.other for one in all_pairs(duplicates, search, 0.6)} == {10, 11}
    # Begun anew, all of them go, however many transactions that takes.
    duplicates.finish(search.search_id)
    duplicates.begin(*PLACE, "a")
    assert all_pairs(duplicates, search) == []


def test_what_is_known_among_some_pictures(duplicates, monkeypatch):
    monkeypatch.setattr(module, "CHUNK", 2)
    search = duplicates.keep(duplicates.begin(*PLACE, "a"), 9, 9, 0, [pair(1, 2), pair(2, 3), pair(3, 9), pair(4, 4)])
    duplicates.add(search.search_id, [pair(1, 3, 0.1), pair(1, 2, 0.2)])
    assert sorted(duplicates.among(search.search_id, [1, 2, 3, 4]), key=lambda one: (one.one, one.other)) == [
        pair(1, 2),
        pair(1, 3, 0.1),
        pair(2, 3),
        pair(4, 4),
    ]
