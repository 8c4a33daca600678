"""The limits on `info`, what callers say of a picture: it must fit SQL's JSON, Milvus's JSON and any reader's parser."""

from __future__ import annotations

import json
import math
from typing import Any

from imagesearch.types import MAX_ID

MAX_INFO_BYTES = 64 * 1024

# MariaDB validates JSON down to 32 levels, and whoever walks it with recursion must survive it too.
MAX_INFO_DEPTH = 16


def check_info(info: dict[str, Any]) -> dict[str, Any]:
    """Return `info` as it came.

    Raises ValueError where it is over 64 KiB of UTF-8, nested deeper than 16, or holds NaN, an infinity, an integer of more
    than 64 bits or a lone surrogate.
    """
    if _plainly_small(info):
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


def _plainly_small(info: dict[str, Any]) -> bool:
    """Say whether a glance suffices: a few plain values, whose JSON is far below the limit. A batch has a thousand such."""
    # The JSON of a character of ASCII has six bytes at most, that of a number or a constant 20.
    room = MAX_INFO_BYTES // 8
    for key, value in info.items():
        kind = type(value)
        if kind is str:
            if not value.isascii():
                return False
            room -= len(value)
        elif not (value is None or kind is bool or (kind is int and -MAX_ID <= value <= MAX_ID)):
            return False
        if not key.isascii():
            return False
        room -= len(key) + 4
    return room >= 0
