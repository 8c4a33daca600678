"""The edge of a job's process: logging in, exit codes out."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable

from imagesearch.errors import ConfigError, ImageSearchError, InputError, SourceError

logger = logging.getLogger(__name__)


def job_edge(run: Callable[[], int]) -> int:
    """Run a job's body: the log goes to stderr, an error of the tree becomes one line and an exit code.

    2: wrong use or settings; 3: a store or the cluster is not reachable; 1: any other error of the tree.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    try:
        return run()
    except ImageSearchError as exc:
        logger.error("%s: %s", exc.code, exc.detail)
        if isinstance(exc, ConfigError | InputError | SourceError):
            return 2
        return 3 if exc.retriable else 1
