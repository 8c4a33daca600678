"""Adding pictures, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from imagesearch.answers import Added, AddedBatch, LogEntry, Refused
from imagesearch.client.call import Call, given
from imagesearch.client.picture_file import Picture, upload
from imagesearch.client.query import NewImage
from imagesearch.client.reading import model
from imagesearch.types import DEFAULT_NAMESPACE


def add(
    file: Picture | None = None,
    info: Mapping[str, Any] | None = None,
    namespace: str = DEFAULT_NAMESPACE,
    *,
    image_path: str | None = None,
    idempotency_key: str | None = None,
) -> Call[Added]:
    """Ask for a picture to be added, by a file of this side or by a place that the service may read; it is loaded later.

    The same `idempotency_key` with the same picture again adds nothing, and lets the call be repeated after any fault.
    Raises SourceError for a file that cannot be read, SourceForbidden, NotAnImage, IdempotencyConflict.
    """
    members = given(
        image_path=image_path,
        info=None if info is None else dict(info),
        namespace=namespace,
        idempotency_key=idempotency_key,
    )
    repeatable = idempotency_key is not None
    if file is None:
        return Call("POST", "/v1/images", model(Added), json=members, repeatable=repeatable)
    return Call("POST", "/v1/images", model(Added), form={"file": upload(file), **members}, repeatable=repeatable)


def add_batch(images: Sequence[NewImage]) -> Call[list[Added | Refused]]:
    """Ask for up to 1,000 pictures to be added by their places; returns a result for each, in order: one bad item fails alone."""

    def read(response: httpx.Response) -> list[Added | Refused]:
        return model(AddedBatch)(response).results

    repeatable = all(image.idempotency_key is not None for image in images)
    return Call("POST", "/v1/images:batch", read, json={"images": [one.members() for one in images]}, repeatable=repeatable)


def add_log(log_id: int) -> Call[LogEntry]:
    """Return what became of an add request. Raises UnknownLog."""
    return Call("GET", f"/v1/add-log/{log_id:d}", model(LogEntry), repeatable=True)
