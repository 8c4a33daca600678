"""The edge of a job's process: logging in, exit codes out."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable

from imagesearch.errors import (
    ConfigError,
    ImageSearchError,
    InputError,
    SourceError,
    UnknownModel,
    WeightsMismatch,
    WeightsNotFound,
)

logger = logging.getLogger(__name__)

WRONG_USE = (ConfigError, InputError, SourceError, UnknownModel, WeightsNotFound, WeightsMismatch)


def job_edge(run: Callable[[], int]) -> int:
    """Run a job's body: the log goes to stderr, an error of the tree becomes one line and an exit code."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    try:
        return run()
    except ImageSearchError as exc:
        logger.error("%s: %s", exc.code, exc.detail)
        return exit_code(exc)


def exit_code(error: ImageSearchError) -> int:
    """Return 3 where a store, a source or the cluster is not reachable, 2 for wrong use or settings, 1 for any other error."""
    if error.retriable:
        return 3
    return 2 if isinstance(error, WRONG_USE) else 1
