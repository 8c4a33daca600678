"""What a search asks of pictures beside their likeness: strangers' JSON into a small, bounded, typed value."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from imagesearch.errors import InputError
from imagesearch.types import MAX_ID

CREATE_TIME = "create_time"

# Each key of `info` costs SQL a join.
MAX_KEYS = 16
# Of all lists together.
MAX_VALUES = 1000
# In UTF-8. SQL keeps one byte more of a text than a filter may name: what was cut there then compares like the whole text.
MAX_KEY_BYTES = 128
MAX_TEXT_BYTES = 511

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
END = datetime(9999, 12, 31, tzinfo=UTC)

Scalar = bool | int | float | str
"""A value of `info` that can be filtered by: numbers compare as numbers, 1 and true and "1" are three values."""


class Operator(StrEnum):
    """How a picture's value is held against the filter's."""

    EQ = "eq"
    NE = "ne"
    GT = "gt"
    GTE = "gte"
    LT = "lt"
    LTE = "lte"
    IN = "in"


ORDERED = (Operator.GT, Operator.GTE, Operator.LT, Operator.LTE)


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison; `values` has one value, or any number for IN. Of `create_time` they are times, else scalars.

    A key that is missing meets no condition, NE neither. A value of another type than the filter's differs from it (NE) and is
    neither more nor less. Texts are ordered by their code points.
    """

    key: str
    operator: Operator
    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Filter:
    """Every condition must hold: those on `info` for one and the same source of a picture, those on `created` for the picture."""

    info: tuple[Condition, ...] = ()
    created: tuple[Condition, ...] = ()

    def __bool__(self) -> bool:
        """Say whether anything is asked at all."""
        return bool(self.info or self.created)

    @property
    def keys(self) -> list[str]:
        """The keys of `info` that are asked about."""
        return list(dict.fromkeys(condition.key for condition in self.info))

    def created_between(self) -> tuple[int, int] | None:
        """Return the whole Unix seconds, both included, in which each picture that matches was created; None: any."""
        if not self.created:
            return None
        first, last = _second(EPOCH), _second(END)
        for condition in self.created:
            seconds = [_second(value) for value in condition.values]
            if condition.operator in (Operator.EQ, Operator.IN, Operator.GT, Operator.GTE):
                first = max(first, min(seconds, default=last))
            if condition.operator in (Operator.EQ, Operator.IN, Operator.LT, Operator.LTE):
                last = min(last, max(seconds, default=first))
        return first, last


def compile_filter(value: object) -> Filter:
    """Read a filter: `{"label": "cat", "create_time": {"gte": 1700000000}, "size": {"in": [1, 2]}}`.

    Raises InputError that names the key, for whatever JSON.
    """
    if not isinstance(value, dict):
        raise _refusal(None, "a filter is a JSON object")
    if len(value) > MAX_KEYS:
        raise _refusal(None, f"has {len(value)} keys, the limit is {MAX_KEYS}")
    conditions = [condition for key, wanted in value.items() for condition in _conditions(key, wanted)]
    listed = sum(len(condition.values) for condition in conditions if condition.operator is Operator.IN)
    if listed > MAX_VALUES:
        raise _refusal(None, f"lists {listed} values, the limit is {MAX_VALUES}")
    return Filter(
        info=tuple(one for one in conditions if one.key != CREATE_TIME),
        created=tuple(one for one in conditions if one.key == CREATE_TIME),
    )


def is_number(value: float) -> bool:
    """Say whether a number is one that JSON and every store can hold."""
    return abs(value) <= MAX_ID if isinstance(value, int) else math.isfinite(value)


def utf8(text: str) -> bytes:
    """Return the text's bytes, whose order is that of its code points; a lone surrogate, which JSON can spell, is let through."""
    return text.encode("utf-8", "surrogatepass")


def _conditions(key: str, wanted: object) -> Iterator[Condition]:
    if len(utf8(key)) > MAX_KEY_BYTES:
        raise _refusal(key, f"longer than {MAX_KEY_BYTES} bytes")
    tests = wanted if isinstance(wanted, dict) else {Operator.EQ: wanted}
    if not tests or not set(tests) <= set(Operator):
        raise _refusal(key, f"an operator is one of {', '.join(Operator)}")
    read = _time if key == CREATE_TIME else _scalar
    for operator, operand in ((Operator(name), operand) for name, operand in tests.items()):
        if operator is not Operator.IN:
            yield Condition(key, operator, (read(key, operator, operand),))
        elif isinstance(operand, list) and len(operand) <= MAX_VALUES:
            yield Condition(key, operator, tuple(read(key, operator, one) for one in operand))
        else:
            raise _refusal(key, f"in takes a list of {MAX_VALUES} values at most")


def _scalar(key: str, operator: Operator, value: object) -> Scalar:
    if isinstance(value, bool) and operator not in ORDERED:
        return value
    if isinstance(value, str):
        if len(utf8(value)) > MAX_TEXT_BYTES:
            raise _refusal(key, f"a text to filter by has {MAX_TEXT_BYTES} bytes at most")
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        if not is_number(value):
            raise _refusal(key, "a number must be finite, an integer of 64 bits at most")
        return value
    raise _refusal(key, f"{operator} takes {'a number or a text' if operator in ORDERED else 'numbers, texts, true and false'}")


def _time(key: str, operator: Operator, value: object) -> datetime:
    refusal = _refusal(key, f"{operator} takes times from 1970 on, in Unix seconds or ISO 8601 (UTC where no zone is named)")
    try:
        if isinstance(value, str):
            time = datetime.fromisoformat(value)
            time = (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            time = EPOCH + timedelta(seconds=value)
        else:
            raise refusal
    except (ValueError, OverflowError):
        raise refusal from None
    if not EPOCH <= time <= END:
        raise refusal
    return time


def _second(time: datetime) -> int:
    return (time - EPOCH) // timedelta(seconds=1)


def _refusal(key: str | None, message: str) -> InputError:
    """Build the error of a key, or of the filter as a whole."""
    if key is None:
        return InputError(f"filter: {message}", errors=[{"field": "filter", "message": message}])
    # A lone surrogate fits into no answer.
    shown = (key if len(key) <= 50 else f"{key[:50]}...").encode("utf-8", "backslashreplace").decode()
    return InputError(f"filter: {shown}: {message}", errors=[{"field": f"filter.{shown}", "message": message}])
