"""Reads the imports that wait for someone, in threads of this process, for as long as it lives."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from time import monotonic
from types import TracebackType
from typing import Self

from config.settings import Settings
from imagesearch.errors import ImageSearchError, StoreError
from imagesearch.imports.importer import Importer
from imagesearch.types import Import

logger = logging.getLogger(__name__)


class ImportRunner:
    """Takes up what is pending for `after_s` and what lost its reader, up to `imports.parallel` at once.

    Rows of cancelled imports that still wait are made final here, too: a million of them take longer than a request may.
    """

    def __init__(self, settings: Settings, *, after_s: float = 0.0) -> None:
        self._importer = Importer(settings)
        self._after_s = after_s
        # Often enough that an import whose reader died is found soon after its lease.
        self._look_s = settings.imports.lease_s / 3
        self._parallel = settings.imports.parallel
        self._threads = ThreadPoolExecutor(self._parallel, "import")
        self._running: set[Future[None]] = set()
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._looker = threading.Thread(target=self._run, name="imports", daemon=True)
        self._idle_since: float | None = None

    def start(self) -> None:
        """Begin to look."""
        self._looker.start()

    def close(self) -> None:
        """End with the batches that it is at; what is not read yet is another's to take up at once."""
        self._stop.set()
        self._wake.set()
        self._importer.stop()
        self._looker.join()
        self._threads.shutdown()
        self._importer.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def wake(self) -> None:
        """Look now: an import was asked for, resumed or cancelled."""
        self._idle_since = None
        self._wake.set()

    @property
    def idle_s(self) -> float:
        """How long there has been nothing to read, here or elsewhere, or nothing that may be; 0 while there is."""
        since = self._idle_since
        return 0.0 if since is None else monotonic() - since

    def _run(self) -> None:
        while not self._stop.is_set():
            self._wake.clear()
            try:
                self._look()
            except StoreError as exc:
                logger.warning("imports cannot be looked for: %s", exc.detail)
                # What is refused for good, as a password that was changed, is nothing to stay for.
                self._idle_since = None if exc.retriable else self._idle_since or monotonic()
            self._wake.wait(self._look_s)

    def _look(self) -> None:
        while len(self._running) < self._parallel and (taken := self._importer.take(after_s=self._after_s)) is not None:
            future = self._threads.submit(self._read, *taken)
            self._running.add(future)
            future.add_done_callback(self._ended)
        for import_id in self._importer.work.cancelled():
            while not self._stop.is_set() and self._importer.imports.fail_waiting(import_id):
                pass
        busy = bool(self._running) or self._importer.work.unfinished()
        self._idle_since = None if busy else self._idle_since or monotonic()

    def _read(self, one: Import, owner: str) -> None:
        told = {"import_id": one.import_id}
        logger.info("import %d of %s: reading from line %d on", one.import_id, one.source, one.cursor.position + 1, extra=told)
        try:
            now = self._importer.run(one, owner)
        except ImageSearchError as exc:
            logger.warning("import %d of %s broke off: %s", one.import_id, one.source, exc.detail, extra={**told, "code": exc.code})
        else:
            counts = {"added": now.added, "known": now.known, "skipped": now.skipped}
            words = "import %d is %s: %d added, %d known, %d skipped"
            logger.info(words, now.import_id, now.state, *counts.values(), extra=told | counts)

    def _ended(self, future: Future[None]) -> None:
        self._running.discard(future)
        if (error := future.exception()) is not None:
            # Its heart stopped: it is taken up again after its lease.
            logger.error("the reader of an import died", exc_info=error)
        self._wake.set()
