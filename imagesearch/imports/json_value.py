"""Values of tables as JSON."""

from __future__ import annotations

import math
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from imagesearch.info import MAX_INFO_DEPTH


def json_value(value: Any, levels: int = MAX_INFO_DEPTH) -> Any:
    """Return the value as JSON takes it; a time becomes ISO 8601.

    Raises ValueError for what is not finite or is nested deeper than `levels`, TypeError for bytes.
    """
    if levels == 0:
        # Before Python's own limit, which ends more than a line.
        raise ValueError(f"nested deeper than {MAX_INFO_DEPTH} levels")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{value} is no JSON number")
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return json_value(float(value))
    if isinstance(value, bytes):
        raise TypeError("bytes")
    if isinstance(value, dict):
        return {str(key): json_value(one, levels - 1) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [json_value(one, levels - 1) for one in value]
    return value
