"""Items of a batch that are judged together come out as they would alone."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagesearch.errors import ImageSearchError
from imagesearch.keys import Key, Role
from imagesearch.types import MAX_ID, AddRequest
from serve_app.add import _all_good, _judge

CALLER = Key("k", "tests", "", frozenset({Role.ADD}), frozenset({"default", "cats"}), None, datetime(2026, 1, 1, tzinfo=UTC), None)
PLAIN = {"image_path": "s3://bucket/1.jpg", "info": {"label": "cat", "n": 1, "weight": 0.5, "wild": None}}

NOT_PLAIN = {
    "an item that is no object": "x",
    "no path": {"info": {}},
    "a path that nothing reads": {"image_path": "ftp://x/y"},
    "a NUL in it": {"image_path": "/a\0b"},
    "another's namespace": PLAIN | {"namespace": "dogs"},
    "a namespace that is none": PLAIN | {"namespace": "a b"},
    "an unknown field": PLAIN | {"imgae": 1},
    "more fields than are read": PLAIN | {f"f{n}": n for n in range(100)},
    "info that is no object": PLAIN | {"info": [1]},
    "a number that is not finite": PLAIN | {"info": {"n": float("inf")}},
    "a number of more than 64 bits": PLAIN | {"info": {"n": MAX_ID + 1}},
    "half a surrogate pair": PLAIN | {"info": {"n": "\ud800"}},
    "half a surrogate pair in a path": {"image_path": "/\ud800"},
    "info that is too long": PLAIN | {"info": {"n": "x" * 70_000}},
    "info that is too deep": PLAIN | {"info": {"n": [[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]}},
    "a key that is none": PLAIN | {"idempotency_key": "a b"},
    "a path that is a number": {"image_path": 7},
}


def alike(one):
    return one if isinstance(one, AddRequest) else (one.code, one.detail)


def test_plain_items_are_judged_together():
    items = [PLAIN, {"image_path": "/a.png"}, PLAIN | {"namespace": "cats", "idempotency_key": "k"}]
    assert _all_good(items, CALLER) == [_judge(item, CALLER) for item in items]


@pytest.mark.parametrize("item", NOT_PLAIN.values(), ids=NOT_PLAIN)
def test_one_that_is_not_as_it_should_be_has_each_judged_alone(item):
    assert isinstance(_judge(item, CALLER), ImageSearchError)
    assert _all_good([PLAIN, item, PLAIN], CALLER) is None


def test_what_is_good_and_not_plain_is_judged_alone():
    item = PLAIN | {"info": {"tags": ["a", "b"]}}
    assert isinstance(_judge(item, CALLER), AddRequest)
    assert _all_good([item], CALLER) is None


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
ITEMS = st.fixed_dictionaries(
    {"image_path": st.sampled_from(["/a.png", "s3://b/c", "x", ""]) | st.text(max_size=10).map("/".__add__)},
    optional={
        "info": st.dictionaries(st.text(max_size=5), VALUES, max_size=4),
        "namespace": st.sampled_from(["default", "cats", "dogs", "", "a b"]),
        "idempotency_key": st.none() | st.text(max_size=5),
    },
)


@given(st.lists(ITEMS | VALUES, max_size=5))
def test_together_and_alone_come_to_the_same(items):
    together, alone = _all_good(items, CALLER), [_judge(item, CALLER) for item in items]
    assert together is None or list(map(alike, together)) == list(map(alike, alone))
