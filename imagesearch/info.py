"""The limits on `info`, what callers say of a picture: it must fit SQL's JSON, Milvus's JSON and any reader's parser."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from typing import Any

from pydantic_core import PydanticSerializationError, to_json

from imagesearch.types import MAX_ID

MAX_INFO_BYTES = 64 * 1024

# MariaDB validates JSON down to 32 levels, and whoever walks it with recursion must survive it too.
MAX_INFO_DEPTH = 16

# What may be an integer of more than 64 bits.
LONG_NUMBER = re.compile(rb"[0-9]{19}")


def check_info(info: dict[str, Any]) -> dict[str, Any]:
    """Return `info` as it came.

    Raises ValueError where it is over 64 KiB of UTF-8, nested deeper than 16, or holds NaN, an infinity, an integer of more
    than 64 bits or a lone surrogate.
    """
    if _plainly_good(info):
        return info
    budget = MAX_INFO_BYTES
    waiting: list[tuple[Any, int]] = [(info, 1)]
    while waiting:
        value, depth = waiting.pop()
        if depth > MAX_INFO_DEPTH:
            raise ValueError(f"nested deeper than {MAX_INFO_DEPTH} levels")
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError("holds a number that is not finite")
        if isinstance(value, int) and abs(value) > MAX_ID:
            raise ValueError("holds an integer of more than 64 bits")
        if isinstance(value, str | list | dict):
            # Each character and each child is a byte of JSON at least: millions of them are refused without a walk.
            budget -= len(value)
            if budget < 0:
                raise ValueError(f"is over the limit of {MAX_INFO_BYTES} bytes")
        children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        waiting.extend((child, depth + 1) for child in children)
    try:
        size = len(json.dumps(info, ensure_ascii=False, separators=(",", ":")).encode())
    except UnicodeEncodeError:
        raise ValueError("holds a lone surrogate, which UTF-8 cannot carry") from None
    if size > MAX_INFO_BYTES:
        raise ValueError(f"has {size} bytes, the limit is {MAX_INFO_BYTES}")
    return info


def all_plainly_good(infos: Sequence[dict[str, Any]]) -> bool:
    """Say whether each of these would pass `check_info`, by one look at them; False: not all are as short and flat as most."""
    return _is_plain(infos, len(infos) + 1)


def _plainly_good(info: dict[str, Any]) -> bool:
    """Say whether a glance at its JSON suffices, as it does for nearly all."""
    return _is_plain(info, MAX_INFO_DEPTH)


def _is_plain(value: object, most_brackets: int) -> bool:
    """Say whether the value's JSON is short, with no more objects and lists, and no number that may be too long or not finite."""
    try:
        text = to_json(value)
    except PydanticSerializationError:
        return False
    is_nested = text.count(b"{") + text.count(b"[") > most_brackets
    is_doubtful = b"NaN" in text or b"Infinity" in text or LONG_NUMBER.search(text) is not None
    return len(text) <= MAX_INFO_BYTES and not is_nested and not is_doubtful
