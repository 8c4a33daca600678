"""What a message says, and which ones are not understood."""

from datetime import UTC, datetime

import pytest

from imagesearch.stores.stream.message import decode, encode
from imagesearch.types import LogRow, LogState

ROW = LogRow(7, "cats", "/x", {"k": "v"}, LogState.PENDING, None, 0, None, None, datetime(2026, 1, 1, tzinfo=UTC), None)


def test_a_message_is_small_versioned_json_without_what_was_said_of_the_picture():
    assert encode(ROW) == b'{"v":1,"log_id":7,"namespace":"cats"}'
    assert decode(encode(ROW)) == 7


def test_fields_that_a_later_release_adds_are_no_hindrance():
    assert decode(b'{"v":1,"log_id":7,"namespace":"cats","import_id":3}') == 7


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"",
        b"7",
        b"null",
        b"[]",
        b'"7"',
        b"{",
        b"\xff",
        b'{"v":2,"log_id":7}',
        b'{"log_id":7}',
        b'{"v":1}',
        b'{"v":1,"log_id":"7"}',
        b'{"v":1,"log_id":7.0}',
        b'{"v":1,"log_id":true}',
        b'{"v":1,"log_id":0}',
        b'{"v":1,"log_id":-7}',
        b'{"v":1,"log_id":9223372036854775808}',
        b"[" * 100_000,
    ],
    ids=lambda value: repr(value)[:40],
)
def test_what_is_not_ours_is_not_understood(value):
    assert decode(value) is None
