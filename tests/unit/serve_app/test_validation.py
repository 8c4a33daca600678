"""Messages from strangers' values: every refusal names its field, and repeats nothing that was sent."""

from __future__ import annotations

import pytest

from imagesearch.errors import InputError
from imagesearch.types import MAX_ID
from serve_app.queries import SearchForm, SearchQuery
from serve_app.schemas import AddForm, AddItem
from serve_app.validation import validated


def refused(message, value, *, strict=True):
    with pytest.raises(InputError) as caught:
        validated(message, value, strict=strict)
    assert caught.value.code == "invalid_request"
    return {error["field"]: error["message"] for error in caught.value.data["errors"]}


def test_defaults_are_filled_in():
    query = validated(SearchQuery, {"milvus_id": 1}, strict=True)
    assert (query.top_k, query.namespace, query.image_path) == (10, "default", None)
    item = validated(AddItem, {"image_path": "/a.png"}, strict=True)
    assert (item.info, item.namespace, item.idempotency_key) == ({}, "default", None)


@pytest.mark.parametrize("top_k", [0, -1, 1001, 10**9, 10**30, "x", "3", True, 2.5, None, [3]])
def test_a_top_k_that_is_no_integer_from_1_to_1000_is_refused(top_k):
    assert "top_k" in refused(SearchQuery, {"milvus_id": 1, "top_k": top_k})


@pytest.mark.parametrize("milvus_id", [-1, MAX_ID + 1, 10**30, "1", 1.5, True])
def test_an_id_that_no_store_could_hold_is_refused(milvus_id):
    assert "milvus_id" in refused(SearchQuery, {"milvus_id": milvus_id})


def test_an_unknown_field_is_refused_by_its_name():
    assert refused(SearchQuery, {"milvus_id": 1, "topk": 3}) == {"topk": "Extra inputs are not permitted"}


@pytest.mark.parametrize("value", [[], "x", 5, None, True])
def test_json_that_is_no_object_is_refused(value):
    with pytest.raises(InputError, match="object"):
        validated(SearchQuery, value, strict=True)


@pytest.mark.parametrize("namespace", ["", "a b", "-a", "a" * 65, 'a"', "a\n", "ü", "\ud800", 5])
def test_a_namespace_of_other_characters_is_refused(namespace):
    assert "namespace" in refused(AddItem, {"image_path": "/a.png", "namespace": namespace})


@pytest.mark.parametrize("key", ["", "a b", "ü", "a" * 201, "tab\t", "a\n"])
def test_an_idempotency_key_is_200_printable_ascii_characters_at_most(key):
    assert "idempotency_key" in refused(AddItem, {"image_path": "/a.png", "idempotency_key": key})


@pytest.mark.parametrize("info", [[], "x", None, {"a": float("nan")}, {"a": "\ud800"}])
def test_an_info_that_is_no_object_or_not_json_is_refused(info):
    assert "info" in refused(AddItem, {"image_path": "/a.png", "info": info})


@pytest.mark.parametrize("info", ["[]", "x", "{", '{"a": NaN}', '{"a": "\\ud800"}', "[" * 100_000, '{"a":' * 20 + "1" + "}" * 20])
def test_an_info_of_a_form_is_json_text_of_an_object(info):
    assert "info" in refused(AddForm, {"file": b"x", "info": info}, strict=False)


def test_a_form_has_nothing_but_text_and_its_numbers_are_read():
    assert validated(SearchForm, {"file": b"x", "top_k": "3"}, strict=False).top_k == 3
    assert validated(AddForm, {"file": b"x", "info": '{"a": 1}'}, strict=False).info == {"a": 1}
    assert "top_k" in refused(SearchForm, {"file": b"x", "top_k": "many"}, strict=False)


def test_a_file_that_came_as_text_is_refused():
    assert "file" in refused(SearchForm, {"file": "x"}, strict=False)


def test_what_was_sent_is_not_repeated():
    with pytest.raises(InputError) as caught:
        validated(SearchQuery, {"milvus_id": "secret", "image_path": 5}, strict=True)
    assert "secret" not in caught.value.detail + repr(caught.value.data)


def test_many_fields_make_a_short_refusal():
    with pytest.raises(InputError, match="fields"):
        validated(SearchQuery, {f"f{n}": n for n in range(100_000)}, strict=True)
    assert len(refused(SearchQuery, {f"f{n}": n for n in range(32)})) == 20
