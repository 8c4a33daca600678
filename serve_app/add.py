"""Accepts pictures into the add-log; loading them is the bulk job's work."""

from __future__ import annotations

import logging
from typing import Any

from pydantic import Field, TypeAdapter

from imagesearch.errors import ImageSearchError
from imagesearch.images.decode import check_header
from imagesearch.images.hashes import content_hash
from imagesearch.images.place import check_place
from imagesearch.info import all_plainly_good
from imagesearch.keys import Key
from imagesearch.types import AddRequest, LogRow
from serve_app.schemas import AddForm, AddItem
from serve_app.services import Services
from serve_app.validation import all_validated, validated

logger = logging.getLogger(__name__)


class Unchecked(AddItem):
    """An item whose info is judged together with all others'."""

    info: dict[str, Any] = Field(default_factory=dict)


ITEMS = TypeAdapter(list[Unchecked])


class AddService:
    """Checks requests to add and appends them to the log."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def upload(self, form: AddForm) -> LogRow:
        """Keep the bytes under their hash and log the request. Raises ImageError, StoreError, IdempotencyConflict."""
        stores = self._services.stores
        await self._services.decode.run(check_header, form.file, self._services.images)
        digest = await self._services.decode.run(content_hash, form.file)
        with self._services.tracer.span("upload"):
            image_path = await self._services.blobs.run(stores.blobs.put, form.file, digest)
        [result] = await self._append([AddRequest(image_path, form.info, form.namespace, form.idempotency_key)])
        return _accepted(result)

    async def path(self, item: AddItem) -> LogRow:
        """Log the request; nothing is fetched now. Raises SourceInvalid, StoreError, IdempotencyConflict."""
        [result] = await self._append([_request(item)])
        return _accepted(result)

    async def paths(self, items: list[Any], caller: Key) -> list[LogRow | ImageSearchError]:
        """Judge each item alone and log the good ones in one transaction; results in order, a refusal as a value.

        Raises StoreError, and then nothing was logged.
        """
        judged = _all_good(items, caller) or [_judge(item, caller) for item in items]
        rows = iter(await self._append([one for one in judged if isinstance(one, AddRequest)]))
        return [next(rows) if isinstance(one, AddRequest) else one for one in judged]

    async def _append(self, requests: list[AddRequest]) -> list[LogRow | ImageSearchError]:
        if not requests:
            return []
        with self._services.tracer.span("append", imagesearch__requests=len(requests)):
            return await self._services.sql.run(self._log, requests)

    def _log(self, requests: list[AddRequest]) -> list[LogRow | ImageSearchError]:
        """Append, then announce: in the same thread, so that a caller who hangs up in between does not keep the loaders waiting."""
        results = self._services.stores.add_log.append(requests)
        rows = [one for one in results if isinstance(one, LogRow)]
        self._services.announcer.announce(rows)
        # Loads know a row by its log_id alone: this line is what leads from a request to them.
        logger.info("add requests in the log: %d", len(rows), extra={"log_ids": [row.log_id for row in rows]})
        return results


def _request(item: AddItem) -> AddRequest:
    check_place(item.image_path)
    return AddRequest(item.image_path, item.info, item.namespace, item.idempotency_key)


def _all_good(items: list[Any], caller: Key) -> list[AddRequest | ImageSearchError] | None:
    """Judge all items together, in a third of the time; None where not all of them are as good and as plain as most are."""
    messages = all_validated(ITEMS, items)
    if messages is None or not all_plainly_good([one.info for one in messages]):
        return None
    try:
        for namespace in {one.namespace for one in messages}:
            caller.check_namespace(namespace)
        return [_request(one) for one in messages]
    except ImageSearchError:
        return None


def _judge(item: object, caller: Key) -> AddRequest | ImageSearchError:
    try:
        request = _request(validated(AddItem, item, strict=True))
        caller.check_namespace(request.namespace)
        return request
    except ImageSearchError as exc:
        return exc


def _accepted(result: LogRow | ImageSearchError) -> LogRow:
    if isinstance(result, ImageSearchError):
        raise result
    return result
