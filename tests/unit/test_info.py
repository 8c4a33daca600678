"""The limits on `info`."""

from __future__ import annotations

import pytest

from imagesearch.info import MAX_INFO_BYTES, MAX_INFO_DEPTH, check_info
from imagesearch.types import MAX_ID


def nested(depth):
    value = {}
    for _ in range(depth - 1):
        value = {"x": value}
    return value


@pytest.mark.parametrize("info", [{}, {"label": "cat", "n": 1, "ok": True, "none": None, "list": [1.5, "ü"]}, {"n": -MAX_ID}])
def test_ordinary_info_passes_as_it_is(info):
    assert check_info(info) is info


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf"), 1e400])
def test_a_number_that_is_not_finite_is_refused_however_deep_it_lies(value):
    with pytest.raises(ValueError, match="not finite"):
        check_info({"a": [{"b": value}]})


def test_an_integer_beyond_64_bits_is_refused():
    with pytest.raises(ValueError, match="64 bits"):
        check_info({"n": MAX_ID + 1})


@pytest.mark.parametrize("info", [{"\ud800": 1}, {"a": "x\udfffy"}, {"a": [{"\udc00": 1}]}])
def test_a_lone_surrogate_is_refused_in_keys_and_values(info):
    with pytest.raises(ValueError, match="surrogate"):
        check_info(info)


def test_nesting_is_taken_to_the_limit_and_no_deeper():
    check_info(nested(MAX_INFO_DEPTH))
    with pytest.raises(ValueError, match="deeper"):
        check_info(nested(MAX_INFO_DEPTH + 1))


def test_size_is_counted_in_bytes_of_utf8():
    frame = len('{"a":""}')
    check_info({"a": "x" * (MAX_INFO_BYTES - frame)})
    with pytest.raises(ValueError, match="limit"):
        check_info({"a": "x" * (MAX_INFO_BYTES - frame + 1)})
    with pytest.raises(ValueError, match="limit"):
        check_info({"a": "ü" * (MAX_INFO_BYTES // 2)})


def test_a_million_small_values_are_refused():
    with pytest.raises(ValueError, match="limit"):
        check_info({"a": [0] * 1_000_000})


def test_a_glance_and_a_long_look_come_to_the_same():
    check_info({"a": "\x01" * (MAX_INFO_BYTES // 8 - 10)})
    for info in (
        {"a": "\x01" * (MAX_INFO_BYTES // 6)},
        {f"k{n}": n for n in range(6000)},
        {str(n) + "x" * 100: None for n in range(600)},
    ):
        with pytest.raises(ValueError, match="limit"):
            check_info(info)
    for value in (MAX_ID + 1, -MAX_ID - 1):
        with pytest.raises(ValueError, match="64 bits"):
            check_info({"n": value})
