"""Reads the sources of imports in threads of this very process, without Ray."""

from __future__ import annotations

import threading

from config.settings import Settings
from imagesearch.imports.runner import ImportRunner


class LocalReaders:
    """ports.ImportReaders: for tests, and for serving under any ASGI server. Nothing is opened before the first call."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._runner: ImportRunner | None = None

    def wake(self) -> None:
        """Look for what waits."""
        with self._lock:
            if self._runner is None:
                self._runner = ImportRunner(self._settings)
                self._runner.start()
            self._runner.wake()

    def close(self) -> None:
        """End with the batches that are being read."""
        with self._lock:
            if self._runner is not None:
                self._runner.close()
