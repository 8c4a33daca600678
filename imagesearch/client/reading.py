"""How answers are read: JSON as one of the models, a small picture, nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeVar

import httpx

from imagesearch.answers import Answer

A = TypeVar("A", bound=Answer)

THUMBNAIL_TYPES = ("image/webp", "image/jpeg", "image/png")


class Thumbnail(NamedTuple):
    """A small picture."""

    media_type: str
    data: bytes


def model(kind: type[A]) -> Callable[[httpx.Response], A]:
    """Return what reads JSON as this model, leaving out members that only a newer service knows."""

    def read(response: httpx.Response) -> A:
        # Pydantic's ValidationError is a ValueError.
        return kind.model_validate_json(response.content)

    return read


def thumbnail(response: httpx.Response) -> Thumbnail:
    """Read a picture. Raises ValueError for anything else."""
    media_type = response.headers.get("content-type", "")
    if media_type not in THUMBNAIL_TYPES:
        raise ValueError(f"{media_type!r} is not a picture")
    return Thumbnail(media_type, response.content)


def nothing(response: httpx.Response) -> None:
    """Read an answer without a body. Raises ValueError for one with a body."""
    if response.content:
        raise ValueError("an answer where none was expected")


def import_events(response: httpx.Response) -> httpx.Response:
    """Return an answer whose body is server-sent events, to be read as they come. Raises ValueError for anything else."""
    if not response.headers.get("content-type", "").startswith("text/event-stream"):
        raise ValueError("not server-sent events")
    return response


def csv(response: httpx.Response) -> httpx.Response:
    """Return an answer whose body is CSV, to be read as it comes. Raises ValueError for anything else."""
    if not response.headers.get("content-type", "").startswith("text/csv"):
        raise ValueError("not CSV")
    return response
