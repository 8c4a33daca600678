"""From a stranger's value to a message, every refusal naming its fields."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from imagesearch.errors import InputError
from serve_app.schemas import Message

M = TypeVar("M", bound=Message)

MAX_FIELDS = 32
MAX_ERRORS = 20


def validated(message: type[M], value: object, *, strict: bool) -> M:
    """Build the message. `strict` takes JSON's types as they are ("3" is no number); forms have nothing but text.

    Raises InputError whose `data["errors"]` name the fields.
    """
    if not isinstance(value, dict):
        raise InputError("the body must be a JSON object")
    if len(value) > MAX_FIELDS:
        # Pydantic would describe each of a million unknown fields.
        raise InputError(f"the body has {len(value)} fields, the limit is {MAX_FIELDS}")
    try:
        # None leaves a field its own strictness, which False would override.
        return message.model_validate(value, strict=strict or None)
    except ValidationError as exc:
        raise invalid(exc.errors(include_input=False, include_url=False, include_context=False)) from exc


def all_validated(messages: TypeAdapter[list[M]], values: Sequence[object]) -> list[M] | None:
    """Build the messages of so many JSON values in one call, in a fraction of what as many calls take.

    None where not every one of them is good: which, and why, is found out one by one.
    """
    # Pydantic would describe each of a million unknown fields.
    if not all(isinstance(value, dict) and len(value) <= MAX_FIELDS for value in values):
        return None
    try:
        return messages.validate_python(values, strict=True)
    except ValidationError:
        return None


def invalid(errors: Iterable[Mapping[str, Any]], *, skip: int = 0) -> InputError:
    """Describe pydantic's errors, without what was sent; `skip` leaves out that many leading parts of each place."""
    fields = [
        {
            "field": ".".join(map(str, error["loc"][skip:]))[:100] or "body",
            "message": str(error["msg"]).removeprefix("Value error, "),
        }
        for error in list(errors)[:MAX_ERRORS]
    ]
    return InputError("; ".join(f"{e['field']}: {e['message']}" for e in fields), errors=fields)
