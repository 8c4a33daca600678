"""Reads the sources of imports in threads of this very process, without Ray."""

from __future__ import annotations

from config.settings import Settings
from imagesearch.imports.runner import ImportRunner


class LocalReaders:
    """ports.ImportReaders: for tests, and for serving under any ASGI server."""

    def __init__(self, settings: Settings) -> None:
        self._runner = ImportRunner(settings)
        self._runner.start()

    def wake(self) -> None:
        """Look for what waits."""
        self._runner.wake()

    def close(self) -> None:
        """End with the batches that are being read."""
        self._runner.close()
