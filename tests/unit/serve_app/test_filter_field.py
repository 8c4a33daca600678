"""The field `filter`: whatever a stranger sends becomes a filter or an error of that field, and its description is true."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagesearch.errors import InputError
from imagesearch.filters import Filter, compile_filter
from serve_app.filter_field import FILTER_SCHEMA
from serve_app.queries import SearchForm, SearchQuery
from serve_app.validation import validated

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(), max_size=4), inner, max_size=3),
    max_leaves=10,
)


def judged(message, fields):
    """The message, or the names of the fields that were refused."""
    try:
        return validated(message, fields, strict=message is SearchQuery)
    except InputError as exc:
        json.dumps(exc.data["errors"]).encode("ascii")
        exc.detail.encode()
        return [error["field"] for error in exc.data["errors"]]


@given(JSON | st.dictionaries(st.text(max_size=3), JSON, max_size=3))
def test_any_json_is_a_filter_or_an_error_of_the_field(value):
    for outcome in (
        judged(SearchQuery, {"filter": value}),
        judged(SearchForm, {"file": b"x", "filter": json.dumps(value)}),
    ):
        assert outcome == ["filter"] or isinstance(outcome.filter, Filter)


@given(st.text(st.characters()) | st.binary())
def test_any_text_of_a_form_is_a_filter_or_an_error_of_the_field(text):
    outcome = judged(SearchForm, {"file": b"x", "filter": text})
    assert outcome == ["filter"] or isinstance(outcome.filter, Filter)


def test_a_search_without_a_filter_asks_for_nothing():
    assert not judged(SearchQuery, {"milvus_id": 1}).filter
    assert not judged(SearchForm, {"file": b"x"}).filter


@pytest.mark.parametrize("operator", list(FILTER_SCHEMA["additionalProperties"]["anyOf"][1]["properties"]))
def test_every_operator_that_is_described_is_taken(operator):
    assert compile_filter({"k": {operator: [1] if operator == "in" else 1}}).info[0].operator == operator
