"""Strangers' JSON, read without a crash."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

from pydantic_core import from_json

from imagesearch.errors import InputError, MalformedJson

# A value takes a comma or a bracket of text and some 60 bytes once parsed: without a bound 40 MB of "[],[]," become 1 GB.
MAX_VALUES = 2_000_000


def parse_json(text: bytes) -> Any:
    """Parse JSON. NaN and infinities pass, as Python's parser takes them: what may not hold them checks its numbers.

    Raises MalformedJson, also for nesting and integers beyond what the parser takes; InputError for millions of values.
    """
    if sum(text.count(sign) for sign in (b",", b"[", b"{")) > MAX_VALUES:
        raise InputError(f"the JSON has more than {MAX_VALUES} values")
    with suppress(ValueError):
        # Several times as fast: a vector takes Python's parser longer than the rest of its request takes HTTP.
        return from_json(text)
    # It is the stricter of the two, and half a surrogate pair in one item of a thousand ends it: the other judges what it refuses.
    try:
        return json.loads(text)
    except RecursionError:
        raise MalformedJson("the JSON is nested too deeply") from None
    except ValueError as exc:
        # Besides JSONDecodeError: text that is not UTF-8, and integers of thousands of digits.
        raise MalformedJson(f"not JSON: {exc}") from exc
