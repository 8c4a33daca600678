"""The filter compiler: what it takes, what it refuses by name, and that no JSON gets past it in any other way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagesearch.errors import InputError
from imagesearch.filters import MAX_KEYS, MAX_TEXT_BYTES, MAX_VALUES, Condition, Filter, Operator, compile_filter
from imagesearch.types import MAX_ID

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)
OPERANDS = JSON | st.dictionaries(st.sampled_from([*Operator, "eg", ""]), JSON, max_size=4)


def at(*parts):
    return datetime(*parts, tzinfo=UTC)


def test_the_example_of_the_contract_is_read_as_it_is_meant():
    wanted = compile_filter({"label": "cat", "create_time": {"gte": 1700000000}, "size": {"in": [1, 2]}})
    assert wanted == Filter(
        info=(Condition("label", Operator.EQ, ("cat",)), Condition("size", Operator.IN, (1, 2))),
        created=(Condition("create_time", Operator.GTE, (at(2023, 11, 14, 22, 13, 20),)),),
    )
    assert wanted.keys == ["label", "size"]


def test_several_operators_on_a_key_are_several_conditions():
    wanted = compile_filter({"n": {"gt": -1.5, "lte": 7, "ne": True}})
    assert [(one.operator, one.values) for one in wanted.info] == [("gt", (-1.5,)), ("lte", (7,)), ("ne", (True,))]
    assert wanted.keys == ["n"]


def test_no_condition_is_a_filter_too():
    assert compile_filter({}) == Filter()
    assert compile_filter({"label": {"in": []}}).info[0].values == ()


@pytest.mark.parametrize(
    ("value", "time"),
    [
        (0, at(1970, 1, 1)),
        (1700000000.25, at(2023, 11, 14, 22, 13, 20, 250_000)),
        ("2024-02-29", at(2024, 2, 29)),
        ("2024-02-29T12:00:00", at(2024, 2, 29, 12)),
        ("2024-02-29T12:00:00.000001Z", at(2024, 2, 29, 12, 0, 0, 1)),
        ("2024-02-29T12:00:00+02:00", at(2024, 2, 29, 10)),
    ],
)
def test_a_time_is_unix_seconds_or_iso_8601_in_utc_where_no_zone_is_named(value, time):
    (condition,) = compile_filter({"create_time": value}).created
    assert condition.values == (time,)
    assert condition.values[0].utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({"label": None}, "filter.label"),
        ({"label": ["cat"]}, "filter.label"),
        ({"label": {}}, "filter.label"),
        ({"label": {"like": "c%"}}, "filter.label"),
        ({"label": {"EQ": "cat"}}, "filter.label"),
        ({"label": {"eq": {"eq": 1}}}, "filter.label"),
        ({"label": {"in": "cat"}}, "filter.label"),
        ({"label": {"in": [["cat"]]}}, "filter.label"),
        ({"label": {"in": ["x"] * (MAX_VALUES + 1)}}, "filter.label"),
        ({"label": {"gt": True}}, "filter.label"),
        ({"label": "x" * (MAX_TEXT_BYTES + 1)}, "filter.label"),
        ({"label": "ü" * (MAX_TEXT_BYTES // 2 + 1)}, "filter.label"),
        ({"label": {"in": ["x" * 10_000]}}, "filter.label"),
        ({"n": MAX_ID + 1}, "filter.n"),
        ({"n": 10**400}, "filter.n"),
        ({"n": float("nan")}, "filter.n"),
        ({"n": {"lt": float("inf")}}, "filter.n"),
        ({"create_time": True}, "filter.create_time"),
        ({"create_time": None}, "filter.create_time"),
        ({"create_time": -1}, "filter.create_time"),
        ({"create_time": 10**30}, "filter.create_time"),
        ({"create_time": float("nan")}, "filter.create_time"),
        ({"create_time": "yesterday"}, "filter.create_time"),
        ({"create_time": "0001-01-01T00:00:00+23:00"}, "filter.create_time"),
        ({"create_time": "9999-12-31T23:59:59-23:00"}, "filter.create_time"),
        ({"k" * 200: 1}, f"filter.{'k' * 50}..."),
        ({str(n): n for n in range(MAX_KEYS + 1)}, "filter"),
        ({str(n): {"in": [1] * 100} for n in range(11)}, "filter"),
        (None, "filter"),
        ([], "filter"),
        ("label = 'cat'", "filter"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_the_name_of_its_key(wanted, field):
    with pytest.raises(InputError) as caught:
        compile_filter(wanted)
    assert caught.value.data["errors"][0]["field"] == field
    assert len(caught.value.detail) < 300


@given(JSON | st.dictionaries(st.text(max_size=8) | st.just("create_time"), OPERANDS, max_size=4))
def test_any_json_is_a_filter_or_an_error_of_the_request(value):
    try:
        wanted = compile_filter(value)
    except InputError as exc:
        assert exc.data["errors"]
        exc.detail.encode()
    else:
        assert set(wanted.keys) | {one.key for one in wanted.created} == set(value)


TIMES = st.datetimes(datetime(1970, 1, 2), datetime(9999, 12, 30)).map(lambda time: time.replace(tzinfo=UTC))
COMPARES = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "gt": lambda a, b: a > b,
    "gte": lambda a, b: a >= b,
    "lt": lambda a, b: a < b,
    "lte": lambda a, b: a <= b,
    "in": lambda a, b: a in b,
}


@given(st.dictionaries(st.sampled_from([*Operator]), TIMES, max_size=3), TIMES, st.booleans())
def test_the_seconds_that_the_index_is_asked_for_leave_no_matching_picture_out(tests, time, meant):
    if meant and tests:
        time = next(iter(tests.values()))
    wanted = {name: ([one.isoformat()] if name == "in" else one.isoformat()) for name, one in tests.items()}
    between = compile_filter({"create_time": wanted} if wanted else {}).created_between()
    assert (between is None) == (not tests)
    if between is not None and all(COMPARES[name](time, [one] if name == "in" else one) for name, one in tests.items()):
        # As the index keeps it: whole seconds, rounded down.
        assert between[0] <= (time - at(1970, 1, 1)) // timedelta(seconds=1) <= between[1]


def test_a_time_of_another_zone_is_the_same_moment():
    zone = timezone(timedelta(hours=-5))
    assert compile_filter({"create_time": at(2024, 1, 1).astimezone(zone).isoformat()}) == compile_filter(
        {"create_time": 1704067200}
    )
