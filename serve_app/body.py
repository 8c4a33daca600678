"""Reads a request's body as the message that its content type promises."""

from __future__ import annotations

from typing import Any, TypeVar

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request

from imagesearch.errors import InputError
from serve_app.json_text import parse_json
from serve_app.schemas import Message
from serve_app.validation import validated

F = TypeVar("F", bound=Message)
J = TypeVar("J", bound=Message)

FORM = "multipart/form-data"
JSON = "application/json"

MAX_FILES = 2
MAX_FORM_FIELDS = 16


async def read_json(request: Request, message: type[J]) -> J:
    """Read a JSON body. Raises MalformedJson, InputError, BodyTooLarge; HTTPException 415 for another content type."""
    _expect(request, JSON)
    return validated(message, parse_json(await request.body()), strict=True)


async def read_form_or_json(request: Request, form: type[F], message: type[J]) -> F | J:
    """Read a multipart form as `form`, or JSON as `message`; raises what read_json raises, HTTPException 400 for a broken form."""
    if _expect(request, FORM, JSON) == JSON:
        return await read_json(request, message)
    return validated(form, await _form_values(request), strict=False)


def _expect(request: Request, *known: str) -> str:
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given not in known:
        raise HTTPException(415, f"the content type must be {' or '.join(known)}")
    return given


async def _form_values(request: Request) -> dict[str, Any]:
    values: dict[str, Any] = {}
    try:
        async with request.form(max_files=MAX_FILES, max_fields=MAX_FORM_FIELDS) as form:
            for name, value in form.multi_items():
                if name in values:
                    raise InputError(f"{name}: given twice", errors=[{"field": name, "message": "given twice"}])
                values[name] = await value.read() if isinstance(value, UploadFile) else value
    except ValueError as exc:
        # A part in a charset that Python knows and that the text is not in.
        raise HTTPException(400, "the form cannot be read") from exc
    return values
