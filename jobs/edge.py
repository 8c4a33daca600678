"""The edge of a job's process: logging in, exit codes out."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import closing

from config.sections import LogSettings
from config.settings import Settings
from imagesearch.errors import (
    AccessError,
    ConfigError,
    ImageSearchError,
    InputError,
    SourceError,
    StoreError,
    UnknownModel,
    WeightsMismatch,
    WeightsNotFound,
)
from telemetry.fields import always_logged_with
from telemetry.logs import log_to_stderr
from telemetry.tracing import open_tracer

logger = logging.getLogger(__name__)

WRONG_USE = (AccessError, ConfigError, InputError, SourceError, UnknownModel, WeightsNotFound, WeightsMismatch)


def job_edge(settings_of: Callable[[], Settings], run: Callable[[Settings], int], **fields: object) -> int:
    """Run a job's body as one span: the log goes to stderr, an error of the tree becomes one line and an exit code.

    `fields` stand on every line of the log, those that are None do not. Until the settings are read the log is text.
    """
    handler = log_to_stderr(LogSettings())
    try:
        settings = settings_of()
        handler = log_to_stderr(settings.logs)
        always_logged_with(**{name: value for name, value in fields.items() if value is not None})
        with closing(open_tracer(settings.tracing, "job")) as tracer, tracer.span(str(fields.get("job", "job"))) as span:
            code = run(settings)
            span.set(exit_code=code)
            return code
    except ImageSearchError as exc:
        logger.error("%s: %s", exc.code, exc.detail, extra={"code": exc.code})
        return exit_code(exc)
    finally:
        logging.getLogger().removeHandler(handler)


def exit_code(error: ImageSearchError) -> int:
    """Return 3 where a store, a source or the cluster does not answer or refuses, 2 for wrong use or settings, 1 for all else."""
    if error.retriable or isinstance(error, StoreError):
        return 3
    return 2 if isinstance(error, WRONG_USE) else 1
