"""Lets the database know that an import's reader lives, and the reader whether the import is still its to read."""

from __future__ import annotations

import logging
import threading
from types import TracebackType
from typing import Self

from imagesearch.errors import StoreError
from imagesearch.stores.sql.import_work import ImportWork

logger = logging.getLogger(__name__)


class Heartbeat:
    """Beats three times a lease, in a thread, while the `with` lasts. `lost` is set once the import is not ours any more."""

    def __init__(self, work: ImportWork, import_id: int, owner: str, lease_s: float) -> None:
        self._work = work
        self._import_id = import_id
        self._owner = owner
        self._pause_s = lease_s / 3
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"import-{import_id}-heartbeat", daemon=True)
        self.lost = threading.Event()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(self._pause_s):
            try:
                if not self._work.beat(self._import_id, self._owner):
                    self.lost.set()
            except StoreError as exc:
                # The import is ours until another says otherwise; what is written asks again.
                told = {"import_id": self._import_id, "code": exc.code}
                logger.warning("import %d: %s", self._import_id, exc.detail, extra=told)
