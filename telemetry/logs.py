"""Where the lines of a process go: its stderr, or the files that Serve keeps of a replica."""

from __future__ import annotations

import logging
import sys
from logging.handlers import MemoryHandler

from config.sections import LogSettings
from telemetry.lines import WithContext, formatter

# The loggers whose level the settings give; other packages' debugging tells secrets, and is never turned on.
OURS = ("config", "imagesearch", "telemetry", "serve_app", "jobs", "cli")
SERVE = "ray.serve"


def log_to_stderr(settings: LogSettings) -> logging.Handler:
    """Write all lines of this process to stderr, in the place of what an earlier call said; return the handler."""
    root = logging.getLogger()
    for one in [one for one in root.handlers if isinstance(one, Stderr)]:
        root.removeHandler(one)
    handler = Stderr(settings)
    root.addHandler(handler)
    root.setLevel(max(logging.INFO, logging.getLevelName(settings.level)))
    for name in OURS:
        logging.getLogger(name).setLevel(settings.level)
    return handler


class Stderr(logging.StreamHandler):  # type: ignore[type-arg]  # generic for the type checker only
    """The handler of a process that Serve does not run."""

    def __init__(self, settings: LogSettings) -> None:
        super().__init__(sys.stderr)
        self.setFormatter(formatter(settings.format))
        self.addFilter(WithContext())


def log_to_serve(settings: LogSettings) -> None:
    """Write our lines where Serve writes its own of this replica, and all of them in our format; nothing outside of a replica."""
    # The file of a component of Serve.
    if not any(isinstance(one, MemoryHandler) for one in logging.getLogger(SERVE).handlers):
        return
    handler = ToServe(settings)
    for name in OURS:
        logger = logging.getLogger(name)
        logger.handlers = [one for one in logger.handlers if not isinstance(one, ToServe)] + [handler]
        logger.setLevel(settings.level)
        logger.propagate = False


class ToServe(logging.Handler):
    """Hands lines on to Serve's handlers, whichever they are by now: Serve makes new ones when its own configuration changes."""

    def __init__(self, settings: LogSettings) -> None:
        super().__init__()
        self._formatter = formatter(settings.format)
        self._context = WithContext()
        self._dress()

    def emit(self, record: logging.LogRecord) -> None:
        """Hand it on."""
        self._dress()
        logging.getLogger(SERVE).callHandlers(record)

    def _dress(self) -> None:
        for handler in logging.getLogger(SERVE).handlers:
            if self._context not in handler.filters:
                handler.addFilter(self._context)
                written_by = handler.target if isinstance(handler, MemoryHandler) else handler
                if written_by is not None:
                    written_by.setFormatter(self._formatter)
