"""The words of `--filter`."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.filter_words import read_filter_words
from imagesearch.errors import InputError


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ([], {}),
        (["label=cat"], {"label": {"eq": "cat"}}),
        (["label=a=b"], {"label": {"eq": "a=b"}}),
        (["label="], {"label": {"eq": ""}}),
        (["size >= 3", " label = a cat "], {"size": {"gte": 3}, "label": {"eq": "a cat"}}),
        (["label!=cat", "n>1", "n<=2.5"], {"label": {"ne": "cat"}, "n": {"gt": 1, "lte": 2.5}}),
        (['label="7"'], {"label": {"eq": "7"}}),
        (['label!="7"'], {"label": {"ne": "7"}}),
        (['label=["cat", "dog"]'], {"label": {"in": ["cat", "dog"]}}),
        (["create_time>=2024-01-01", "create_time<1700000000"], {"create_time": {"gte": "2024-01-01", "lt": 1700000000}}),
        (["create_time=1700000000"], {"create_time": {"eq": 1700000000}}),
        (['{"label": "cat", "n": {"ne": 1}}', "n<5"], {"label": {"eq": "cat"}, "n": {"ne": 1, "lt": 5}}),
    ],
)
def test_words_make_a_filter_together(words, wanted):
    assert read_filter_words(words) == wanted


@pytest.mark.parametrize(("text", "value"), [("7", 7), ("true", True), ("0.5", 0.5)])
def test_what_looks_like_a_number_is_the_number_or_the_text(text, value):
    assert read_filter_words([f"label={text}"]) == {"label": {"in": [value, text]}}
    with pytest.raises(InputError, match="the number or the text"):
        read_filter_words([f"label!={text}"])


@pytest.mark.parametrize(
    "words",
    [["label"], ["=cat"], ["label~cat"], ["{"], ["{1}"], ['{"n": null}'], ["n=1", "n=2"], ["n>null"], ["n<[1]"], ["create_time=x"]],
)
def test_a_word_that_is_no_filter_is_refused(words):
    with pytest.raises(InputError):
        read_filter_words(words)


@given(st.lists(st.text() | st.text(st.sampled_from('{}[]":=<>!,an1 ')), max_size=3))
def test_any_words_are_a_filter_or_wrong_use(words):
    with suppress(InputError):
        read_filter_words(words)
