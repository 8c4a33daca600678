import pytest

from imagesearch.errors import UnknownKey
from imagesearch.keys import Role, checked, parse
from imagesearch.stores.sql.keys import Keys


@pytest.fixture
def keys(database):
    return Keys(database)


def test_a_key_that_was_made_is_found_as_it_was_made(keys):
    key, text = keys.create("the shop's page", {Role.SEARCH, Role.ADD}, {"shop", "Shop"}, 60)
    key_id, secret = parse(text)
    assert keys.find(key_id) == key == checked(keys.find(key_id), secret)
    assert (key.roles, key.namespaces, key.per_minute) == ({Role.SEARCH, Role.ADD}, {"shop", "Shop"}, 60)


def test_a_key_without_namespaces_sees_all_of_them(keys):
    key, _ = keys.create("us", {Role.ADMIN})
    assert keys.find(key.key_id).namespaces is None
    assert keys.find(key.key_id).sees("anything")


def test_a_revoked_key_stays_revoked_since_the_first_time(keys):
    key, _ = keys.create("gone", {Role.SEARCH})
    revoked = keys.revoke(key.key_id)
    assert revoked.revoke_time >= key.create_time
    assert keys.revoke(key.key_id) == revoked == keys.find(key.key_id)
    assert [one.key_id for one in keys.all()] == [key.key_id]


def test_an_unknown_id_is_none_and_cannot_be_revoked(keys):
    assert keys.find("0" * 16) is None
    assert keys.find("' OR 1=1 --") is None
    with pytest.raises(UnknownKey):
        keys.revoke("0" * 16)
