"""The keys of values: bytes that are equal and ordered as the values are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagesearch.filters import MAX_TEXT_BYTES
from imagesearch.stores.sql.attributes import MAX_ATTRIBUTES, attributes, sort_key
from imagesearch.types import MAX_ID

INTEGERS = st.integers(-MAX_ID, MAX_ID) | st.integers(2**53 - 5, 2**53 + 5) | st.integers(MAX_ID - 1100, MAX_ID)
NUMBERS = INTEGERS | st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(st.characters(), max_size=20)


@given(NUMBERS, NUMBERS)
def test_numbers_are_ordered_as_numbers(one, other):
    assert (sort_key(one) < sort_key(other)) == (one < other)
    assert (sort_key(one) == sort_key(other)) == (one == other)


@given(INTEGERS)
def test_an_integer_is_told_from_its_neighbours_and_from_the_nearest_double(number):
    assert sort_key(number) != sort_key(number - 1)
    assert (sort_key(number) == sort_key(float(number))) == (number == int(float(number)))


@given(TEXTS, TEXTS)
def test_texts_are_ordered_by_code_points(one, other):
    assert (sort_key(one) < sort_key(other)) == (one < other)


@given(st.text(st.sampled_from("xyü日"), min_size=400), st.text(st.sampled_from("xyü日"), max_size=200))
def test_a_text_that_is_cut_stands_where_the_whole_would(long, short):
    wanted = long.encode()[:MAX_TEXT_BYTES].decode(errors="ignore") if len(short) % 2 else short
    assert (sort_key(long) < sort_key(wanted)) == (long < wanted)
    assert (sort_key(long) == sort_key(wanted)) == (long == wanted)


def test_equal_looking_values_of_different_types_differ():
    assert len({sort_key(value) for value in (1, True, "1", "true", 0, False, "", "0")}) == 8
    assert sort_key(0.0) == sort_key(-0.0) == sort_key(0)


def test_only_plain_values_under_short_keys_are_kept():
    info = {"b": True, "n": 1.5, "t": "x", "none": None, "list": [1], "map": {}, "k" * 129: 1, "ü" * 64: 1}
    assert [name.decode() for name, _ in attributes(info, ())] == ["b", "n", "t", "ü" * 64]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 2**63, -(10**400)])
def test_a_number_that_no_filter_can_name_is_not_kept(value):
    assert list(attributes({"n": value}, ())) == []


def test_the_first_keys_by_name_are_kept_and_named_ones_before_any_limit():
    info = {f"k{n:03}": n for n in range(200)}
    assert [name for name, _ in attributes(info, ())] == [f"k{n:03}".encode() for n in range(MAX_ATTRIBUTES)]
    assert [name for name, _ in attributes(info, ("k199", "none"))] == [b"k199"]
