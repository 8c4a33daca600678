"""Reads the source of one import into the add-log, a batch at a time, until it ends or someone stops it."""

from __future__ import annotations

import logging
import socket
import threading
import uuid
from collections.abc import Callable, Iterator
from functools import partial
from time import monotonic
from typing import TypeVar

from config.settings import Settings
from imagesearch.errors import BadManifest, ConfigError, ImageSearchError, SourceError, StoreError
from imagesearch.images.blobs import open_blobs
from imagesearch.images.s3 import S3
from imagesearch.imports.access import Access
from imagesearch.imports.batches import batches
from imagesearch.imports.heartbeat import Heartbeat
from imagesearch.imports.line import Reading
from imagesearch.imports.news import News
from imagesearch.imports.source import Opener
from imagesearch.stores.factory import open_announcer
from imagesearch.stores.patience import patiently
from imagesearch.stores.sql.database import Database
from imagesearch.stores.sql.import_work import ImportWork
from imagesearch.stores.sql.imports import Imports
from imagesearch.stores.sql.waiting import Waiting
from imagesearch.types import Cursor, Import

logger = logging.getLogger(__name__)
T = TypeVar("T")

# Pauses before a source that failed in passing is opened again.
PAUSE_S = 0.5
MAX_PAUSE_S = 10.0


class Importer:
    """Owns the clients of one process that reads sources; thread-safe, each thread with an import of its own."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._database = Database(settings.sql)
        self._s3 = S3(settings.s3)
        self._blobs = open_blobs(settings.blobs, self._s3)
        self._opener = Opener(self._s3, self._keep, settings.images.max_bytes)
        self._announcer = open_announcer(settings.stream)
        self._stop = threading.Event()
        self.imports = Imports(self._database)
        self.work = ImportWork(self._database)

    def check(self, source: str, *, trusted: bool) -> None:
        """Raise SourceError at once for a source that may not be read or is not there."""
        self._opener.check(source, Access(self._settings.sources, trusted=trusted))

    def begin(self, source: str, namespace: str, *, trusted: bool) -> tuple[Import, str]:
        """Record an import of our own and return it with the name of its owner, to be run."""
        owner = _new_owner()
        return self.imports.create(namespace, source, trusted=trusted, owner=owner), owner

    def take(self, after_s: float = 0.0) -> tuple[Import, str] | None:
        """Take up an import that nobody reads, and return it with the name of its owner."""
        owner = _new_owner()
        taken = self.work.claim(owner, self._settings.imports.lease_s, after_s)
        return None if taken is None else (taken, owner)

    def run(self, one: Import, owner: str, progress: Callable[[Import], None] = lambda _: None) -> Import:
        """Read the import to its end, or until it is paused, cancelled, taken over or this process is told to stop.

        Returns what stands then. Raises what the source cannot be read for (InputError, SourceError, `internal_error` for what
        nobody expected), once the import is `failed` with that reason; StoreError where a store stays away, and ConfigError:
        whoever takes the import up goes on where this one was.
        """
        with Heartbeat(self.work, one.import_id, owner, self._settings.imports.lease_s) as heart:
            reading = self._read(one, owner, heart.lost)
            while (now := self._step(reading, one, owner)) is not None:
                progress(now)
        if self._stop.is_set():
            self._patiently(partial(self.work.release, one.import_id, owner))
        return self._patiently(partial(self.imports.get, one.import_id))

    def stop(self) -> None:
        """Have every run end with the batch it is at; what is not read yet waits for another reader."""
        self._stop.set()

    def close(self) -> None:
        """Close the clients."""
        self._announcer.close()
        self._s3.close()
        self._database.close()

    def _step(self, reading: Iterator[Import], one: Import, owner: str) -> Import | None:
        """Read the next batch; None behind the last. What breaks the reading off for good ends the import."""
        try:
            return next(reading, None)
        except (StoreError, ConfigError):
            # No fault of the source: the store may be back later, and another process may be set up rightly.
            raise
        except ImageSearchError as exc:
            self._patiently(partial(self.work.end, one.import_id, owner, exc))
            raise
        except Exception as exc:
            # Left to whoever takes it up next, it would come upon the same again, lease after lease.
            error = ImageSearchError(f"nobody expected this: {type(exc).__name__}; the log of the import's reader tells where")
            told = {"import_id": one.import_id, "code": error.code}
            logger.exception("import %d: %s", one.import_id, error.detail, extra=told)
            self._patiently(partial(self.work.end, one.import_id, owner, error))
            raise error from exc

    def _read(self, one: Import, owner: str, lost: threading.Event) -> Iterator[Import]:
        """Yield what stands after each batch, and record the end where the source was read to it."""
        cursor: Cursor | None = None
        failing_since: float | None = None
        pause = PAUSE_S
        news = self._news(one.import_id)
        while True:
            try:
                reading = self._open(one)
                cursor = cursor or self._begin(one, owner, reading)
                if cursor is None:
                    return
                if reading.version != cursor.version:
                    raise BadManifest(f"{one.source} was replaced while it was read")
                for batch in batches(reading.lines(cursor), cursor, self._settings.imports.batch_rows, reading.total):
                    if lost.is_set() or self._stop.is_set():
                        return
                    if not self._patiently(partial(self.work.record, one.import_id, owner, batch)):
                        return
                    cursor, failing_since, pause = batch.cursor, None, PAUSE_S
                    if news is not None:
                        self._patiently(news.spread)
                    yield self._patiently(partial(self.imports.get, one.import_id))
                self._patiently(partial(self.work.end, one.import_id, owner))
                return
            except SourceError as exc:
                failing_since = failing_since or monotonic()
                patience = self._settings.load.store_retry_s
                if not exc.retriable or monotonic() - failing_since > patience or not (cursor is None or cursor.version):
                    raise
                told = {"import_id": one.import_id, "code": exc.code}
                logger.warning("import %d: %s; going on in %.1f s", one.import_id, exc.detail, pause, extra=told)
                if self._stop.wait(pause):
                    return
                pause = min(2 * pause, MAX_PAUSE_S)

    def _begin(self, one: Import, owner: str, reading: Reading) -> Cursor | None:
        """Return where the reading begins; None when the import is not ours to read."""
        if reading.version and reading.version == one.cursor.version:
            return one.cursor
        # Another version of it, or one that is never the same: what is known is told by its key.
        ours = self._patiently(partial(self.work.restart, one.import_id, owner, reading.version))
        return Cursor(reading.version) if ours else None

    def _news(self, import_id: int) -> News | None:
        """Return what tells the stream of this import's rows; without a stream the database is not asked for them."""
        if self._settings.stream.kind == "none":
            return None
        return self._patiently(lambda: News(self._announcer, Waiting(self._database, import_id)))

    def _open(self, one: Import) -> Reading:
        return self._opener.open(one.source, one.namespace, Access(self._settings.sources, trusted=one.trusted))

    def _keep(self, data: bytes, content_hash: str) -> str:
        return self._patiently(lambda: self._blobs.put(data, content_hash))

    def _patiently(self, call: Callable[[], T]) -> T:
        return patiently(call, self._settings.load.store_retry_s)


def _new_owner() -> str:
    # A name for each time: a process that comes to itself again after its lease must not take another's import for its own.
    return f"{socket.gethostname()[:24]}-{uuid.uuid4().hex}"
