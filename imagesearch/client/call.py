"""What a call of the service is, before anybody sends it; and a page of an answer that has several."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar
from urllib.parse import parse_qsl, urlsplit

import httpx

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """One request and how its answer is read; `read` raises ValueError for what is not the service's answer.

    The body is a `form`, whose values are fields or, by Path or bytes, files; or `json`, in which a Path or bytes stand for the
    base64 of a picture. `repeatable`: doing it twice is doing it once. `patient`: a service that refuses is asked again.
    `timeout_s`: what the caller would wait, all attempts together; the service is told.
    """

    method: str
    path: str
    read: Callable[[httpx.Response], T]
    query: Mapping[str, str | int] = field(default_factory=dict)
    form: Mapping[str, Any] | None = None
    json: Mapping[str, Any] | None = None
    repeatable: bool = False
    patient: bool = True
    timeout_s: float | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some of many; `next` is the address of the following page, None at the end."""

    items: list[T]
    next: str | None

    def following(self, call: Call[Page[T]]) -> Call[Page[T]] | None:
        """Return the call of the following page, made from the one of this page; None at the end."""
        if self.next is None:
            return None
        # Of the address only the parameters are taken: the key goes where it went before.
        return replace(call, query=dict(parse_qsl(urlsplit(self.next).query)))


def given(**members: Any) -> dict[str, Any]:
    """Return the members that say something: neither None nor False."""
    return {name: value for name, value in members.items() if value is not None and value is not False}
