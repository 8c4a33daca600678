"""The field `filter` of a search: read from JSON, and described for callers."""

from __future__ import annotations

from typing import Any

from imagesearch.errors import InputError
from imagesearch.filters import MAX_KEYS, MAX_TEXT_BYTES, MAX_VALUES, Filter, compile_filter

_VALUE = {"type": ["string", "number", "boolean"]}
_ORDERED = {"type": ["string", "number"]}

FILTER_SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": (
        "Conditions on `create_time` (the picture's, in Unix seconds or ISO 8601) and on keys of `info`. All those on `info` must "
        "hold for one and the same source of a picture. A key that is missing meets no condition, `ne` neither; 1, true and "
        f'"1" are three values. Up to {MAX_KEYS} keys, {MAX_VALUES} listed values, texts of {MAX_TEXT_BYTES} bytes.'
    ),
    "maxProperties": MAX_KEYS,
    "additionalProperties": {
        "anyOf": [
            _VALUE,
            {
                "type": "object",
                "minProperties": 1,
                "additionalProperties": False,
                "properties": {
                    **dict.fromkeys(("eq", "ne"), _VALUE),
                    **dict.fromkeys(("gt", "gte", "lt", "lte"), _ORDERED),
                    "in": {"type": "array", "items": _VALUE, "maxItems": MAX_VALUES},
                },
            },
        ]
    },
    "examples": [{"label": "cat", "create_time": {"gte": 1700000000}, "size": {"in": [1, 2]}}],
}


def read_filter(value: object) -> Filter:
    """Compile a filter. Raises ValueError naming the key, which pydantic turns into an error of the field."""
    try:
        return compile_filter(value)
    except InputError as exc:
        raise ValueError(exc.detail.removeprefix("filter: ")) from None
