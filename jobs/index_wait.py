"""Waits for Milvus's index: what a load has written is found at once, but quickly only when it is in its place there."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from time import monotonic

from imagesearch.errors import StoreError
from imagesearch.types import IndexProgress

logger = logging.getLogger(__name__)

# Milvus Lite goes through all its rows to say how far it is.
POLL_S = 1.0
TELL_S = 10.0


def await_built(ask: Callable[[Callable[[], bool]], IndexProgress], limit_s: float, stopped: threading.Event) -> bool:
    """Return whether the index is built, after `limit_s` at the latest, or soon after somebody stops it; the log says how it went.

    `ask` is told by what it knows that nobody waits any more. It may raise StoreError, which loses nothing: the rows are final,
    and their index is built whether or not anybody waits for it.
    """
    started = told = monotonic()

    def over() -> bool:
        return stopped.is_set() or monotonic() - started >= limit_s

    while True:
        try:
            progress = ask(over)
        except StoreError as exc:
            where, again = f"how far the index is cannot be told: {exc}", exc.retriable
        else:
            if progress.built:
                logger.info("the index is built, %.1f s after the last row", monotonic() - started)
                return True
            where, again = f"{progress.waiting} of {progress.rows} vectors are not in the index yet", True
        if over() or not again:
            logger.warning("%s, %.1f s after the last row; until it is built searches are slower", where, monotonic() - started)
            return False
        if monotonic() - told >= TELL_S:
            told = monotonic()
            logger.info("%s", where)
        stopped.wait(POLL_S)
