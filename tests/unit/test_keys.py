import dataclasses
from datetime import UTC, datetime

import pytest

from imagesearch.errors import Forbidden, Unauthorized
from imagesearch.keys import Key, Role, checked, digest_of, mint, parse


def key_of(text_and_digest, **changes):
    key_id, _, digest = text_and_digest
    born = datetime(2026, 1, 1, tzinfo=UTC)
    key = Key(key_id, "somebody", digest, frozenset({Role.SEARCH}), frozenset({"cats"}), None, born, None)
    return dataclasses.replace(key, **changes)


def test_a_new_key_is_recognised_by_its_text_and_its_secret_is_not_in_what_is_kept():
    minted = mint()
    key_id, secret = parse(minted[1])
    assert key_id == minted[0]
    assert secret not in str(key_of(minted))
    assert checked(key_of(minted), secret) == key_of(minted)


def test_two_keys_have_nothing_in_common():
    assert not set(mint()) & set(mint())


A_ID, A_SECRET = "0123456789abcdef", "a" * 43


@pytest.mark.parametrize("text", ["", "isk_", "x", f"isk_{A_ID}_a", f"isk_{A_ID.upper()}_{A_SECRET}", f"isk_{A_ID}_{'é' * 43}"])
def test_other_texts_are_no_keys(text):
    with pytest.raises(Unauthorized):
        parse(text)


def test_wrong_unknown_and_revoked_keys_are_told_apart_by_nobody():
    minted = mint()
    _, secret = parse(minted[1])
    told = set()
    for key, given in (
        (key_of(minted), "b" * 43),
        (None, secret),
        (key_of(minted, revoke_time=datetime.now(UTC)), secret),
        (key_of(minted, digest=digest_of("c" * 43)), secret),
    ):
        with pytest.raises(Unauthorized) as caught:
            checked(key, given)
        told.add(caught.value.detail)
    assert len(told) == 1


def test_a_key_does_what_its_roles_and_namespaces_say_and_no_more():
    key = key_of(mint())
    key.check_role(Role.SEARCH)
    key.check_namespace("cats")
    with pytest.raises(Forbidden):
        key.check_role(Role.ADMIN)
    with pytest.raises(Forbidden):
        key.check_namespace("dogs")
    assert dataclasses.replace(key, namespaces=None).sees("dogs")
