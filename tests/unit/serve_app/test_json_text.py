"""Strangers' JSON."""

from __future__ import annotations

import json

import pytest

from imagesearch.errors import InputError, MalformedJson
from serve_app import json_text
from serve_app.json_text import parse_json


def test_json_is_parsed():
    assert parse_json(b'{"a": [1, "x", null]}') == {"a": [1, "x", None]}


@pytest.mark.parametrize("text", [b'["\\ud800", NaN, -Infinity, 1e999]', '{"a": "\u00fc"}'.encode("utf-16"), b'{"a": 1, "a": 2}'])
def test_what_pythons_parser_takes_is_taken(text):
    assert repr(parse_json(text)) == repr(json.loads(text))


@pytest.mark.parametrize("text", [b"", b"{", b"{'a': 1}", b"\xff\xfe\xff", b'{"a": \xe9}', b"1" * 5000, b"[" * 100_000])
def test_what_is_not_json_is_malformed_and_never_a_crash(text):
    with pytest.raises(MalformedJson):
        parse_json(text)


def test_more_values_than_memory_should_hold_are_refused_before_they_are_parsed(monkeypatch):
    monkeypatch.setattr(json_text, "MAX_VALUES", 10)
    with pytest.raises(InputError, match="more than 10"):
        parse_json(b"[" + b"0," * 20 + b"0]")
