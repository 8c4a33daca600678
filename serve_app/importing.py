"""Imports over HTTP: asked for, steered, told about; reading them is a process's work elsewhere."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from functools import partial
from time import monotonic

from imagesearch.errors import StoreError, UnknownImport
from imagesearch.imports import errors_csv
from imagesearch.imports.access import Access
from imagesearch.imports.progress import READING, Progress, progress_of
from imagesearch.imports.source import Opener
from imagesearch.keys import Key
from imagesearch.stores.sql.import_errors import ImportErrors, ImportFault
from imagesearch.types import Import, ImportState, LogState
from serve_app.schemas import ImportRequest
from serve_app.services import Services

logger = logging.getLogger(__name__)

ERRORS_SHOWN = 20
# Rows of a cancelled import that are made final before the answer: for most imports these are all of them.
CANCELLED_AT_ONCE = 10
# How often someone who looks at an import without a reader may have the readers woken.
WAKE_PAUSE_S = 10.0


class ImportService:
    """Checks requests for imports and records them; SQL is the truth, and the readers go by it."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._imports = services.stores.imports
        self._errors = ImportErrors(services.stores.database)
        self._access = Access(services.sources, trusted=False)
        self._opener = Opener(services.stores.s3, services.stores.blobs.put, services.images.max_bytes)
        self._waking: set[asyncio.Task[None]] = set()
        self._woken = -WAKE_PAUSE_S

    async def create(self, request: ImportRequest) -> Import:
        """Record an import of what may be read, or return the one that was asked for under the same key.

        Raises SourceError for a source that may not be read or is not there, IdempotencyConflict, StoreError.
        """
        asked, key = (request.namespace, request.source), request.idempotency_key
        # What was accepted once is answered so again, whatever became of its source.
        one = None if key is None else await self._services.sql.run(self._imports.find, *asked, key)
        if one is None:
            await self._services.read.run(self._opener.check, request.source, self._access)
            record = partial(self._imports.create, *asked) if key is None else partial(self._imports.create_once, *asked, key)
            one = await self._services.sql.run(record)
        # Also when it is asked for again: whoever took the first request may have died before it called a reader.
        if one.state is ImportState.PENDING:
            self._wake()
        return one

    async def get(self, import_id: int, caller: Key) -> Import:
        """Return an import that the caller may see. Raises UnknownImport, also for one of another's namespace."""
        one = await self._services.sql.run(self._imports.get, import_id)
        if not caller.sees(one.namespace):
            raise UnknownImport(f"no import has the id {import_id}")
        return one

    async def look(self, import_id: int, caller: Key) -> tuple[Progress, list[ImportFault]]:
        """Return how far the import is and its first faults; where its reader was lost, another is called."""
        await self.get(import_id, caller)
        progress = await self._services.sql.run(progress_of, self._imports, import_id)
        faults = await self._services.sql.run(self._errors.first, import_id, ERRORS_SHOWN)
        if self._abandoned(progress) and monotonic() - self._woken > WAKE_PAUSE_S:
            self._wake()
        return progress, faults

    async def pause(self, import_id: int, caller: Key) -> Import:
        """Stop the reading and the loading until it is resumed. Raises UnknownImport, ImportConflict."""
        await self.get(import_id, caller)
        return await self._services.sql.run(self._imports.pause, import_id)

    async def resume(self, import_id: int, caller: Key) -> Import:
        """Have it go on where it was. Raises UnknownImport, ImportConflict."""
        await self.get(import_id, caller)
        one = await self._services.sql.run(self._imports.resume, import_id)
        if one.state in READING:
            self._wake()
        return one

    async def cancel(self, import_id: int, caller: Key) -> Import:
        """End it for good and fail the rows that wait, most of a large import later. Raises UnknownImport, ImportConflict."""
        await self.get(import_id, caller)
        one = await self._services.sql.run(self._imports.cancel, import_id)
        for _ in range(CANCELLED_AT_ONCE):
            if not await self._services.sql.run(self._imports.fail_waiting, import_id):
                return one
        self._wake()
        return one

    async def errors_csv(self, import_id: int, caller: Key) -> AsyncIterator[str]:
        """Return all faults as CSV, page by page. Raises UnknownImport, StoreError before the first piece."""
        await self.get(import_id, caller)
        pages = self._errors.pages(import_id)
        first = await self._services.sql.run(next, pages, None)

        async def pieces() -> AsyncIterator[str]:
            yield errors_csv.header()
            page = first
            while page is not None:
                yield errors_csv.lines(page)
                page = await self._services.sql.run(next, pages, None)

        return pieces()

    def _abandoned(self, progress: Progress) -> bool:
        one = progress.one
        if one.state is ImportState.CANCELLED:
            return progress.rows[LogState.PENDING] > 0
        if one.state not in READING:
            return False
        silence = timedelta(seconds=self._services.import_lease_s)
        return one.beat_time is None or datetime.now(UTC) - one.beat_time > silence

    def _wake(self) -> None:
        """Call the readers; the answer does not wait for them, and an import that they do not hear of is found later."""
        self._woken = monotonic()
        task = asyncio.get_running_loop().create_task(self._woken_up())
        self._waking.add(task)
        task.add_done_callback(self._waking.discard)

    async def _woken_up(self) -> None:
        try:
            await self._services.imports.run(self._services.readers.wake)
        except StoreError as exc:
            logger.warning("imports wait for a reader: %s", exc.detail, extra={"code": exc.code})
