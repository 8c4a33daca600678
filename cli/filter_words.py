"""From the words of `--filter` to the filter of a search: `label=cat`, `size>=3`, or JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from imagesearch.errors import InputError
from imagesearch.filters import CREATE_TIME, compile_filter

WORD = re.compile(r"([^=<>!]+)(>=|<=|!=|=|>|<)(.*)", re.DOTALL)
OPERATORS = {"=": "eq", "!=": "ne", ">": "gt", ">=": "gte", "<": "lt", "<=": "lte"}


def read_filter_words(words: Sequence[str]) -> dict[str, Any]:
    """Return the filter that all the words make together. Raises InputError for a word that is none, or says a thing twice."""
    wanted: dict[str, Any] = {}
    for word in words:
        for key, tests in (_json(word) if word.lstrip().startswith("{") else _comparison(word)).items():
            known = wanted.setdefault(key, {})
            if known.keys() & tests.keys():
                raise InputError(f"--filter {word}: {key} is compared that way already")
            known.update(tests)
    compile_filter(wanted)
    return wanted


def _json(word: str) -> dict[str, dict[str, Any]]:
    try:
        value = json.loads(word)
    except (ValueError, RecursionError) as exc:
        raise InputError(f"--filter {word}: not JSON: {exc}") from exc
    return {key: tests if isinstance(tests, dict) else {"eq": tests} for key, tests in value.items()}


def _comparison(word: str) -> dict[str, dict[str, Any]]:
    match = WORD.fullmatch(word)
    if match is None:
        raise InputError(f"--filter {word}: write KEY=VALUE, also with != > >= < <=, or JSON")
    key, sign, text = match[1].strip(), match[2], match[3].strip()
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = text
    if isinstance(value, list) and sign == "=":
        return {key: {"in": value}}
    if key != CREATE_TIME and isinstance(value, bool | int | float):
        # What came from a CSV is text, whatever it looks like.
        if sign == "=":
            return {key: {"in": [value, text]}}
        if sign == "!=":
            raise InputError(
                f"""--filter {word}: the number or the text? Write '{{"{key}": {{"ne": {text}}}}}' or {key}!='"{text}"'"""
            )
    return {key: {OPERATORS[sign]: value}}
