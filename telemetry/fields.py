"""What each line of the log says beside its words: of the process always, of a request or a batch while it is worked on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import Context, ContextVar
from types import MappingProxyType
from typing import Any

# What a proxy before us (Ray Serve's, or any other) may have given; anything else could forge lines of the log.
REQUEST_ID = re.compile(r"[A-Za-z0-9_.-]{1,128}", re.ASCII)
NOTHING: Mapping[str, Any] = MappingProxyType({})
_FIELDS: ContextVar[Mapping[str, Any]] = ContextVar("fields", default=NOTHING)
_ALWAYS: dict[str, Any] = {}


@contextmanager
def logged_with(**more: Any) -> Iterator[None]:
    """Put these fields on every line that is logged within the block, also in threads that are given its context."""
    token = _FIELDS.set({**_FIELDS.get(), **more})
    try:
        yield
    finally:
        _FIELDS.reset(token)


def always_logged_with(**more: Any) -> None:
    """Put these fields on every line of this process from now on, whichever thread writes it."""
    _ALWAYS.update(more)


def fields(context: Context | None = None) -> dict[str, Any]:
    """Return the fields of a line that is written now, or in that context."""
    of_the_work = _FIELDS.get() if context is None else context.get(_FIELDS, NOTHING)
    return {**_ALWAYS, **of_the_work}


def request_id(context: Context | None = None) -> str:
    """Return the id of the request that is worked on, empty outside of one."""
    return str(fields(context).get("request_id", ""))
