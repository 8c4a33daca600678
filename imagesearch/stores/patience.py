"""Waits for a store that is down, with backoff, as long as the settings say."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_delay, wait_random_exponential

from imagesearch.errors import StoreError

logger = logging.getLogger(__name__)
T = TypeVar("T")


def patiently(call: Callable[[], T], seconds: float) -> T:
    """Return what `call` returns; a retriable StoreError is waited out for up to `seconds`, then raised.

    `call` must bear repetition: every write of the loader does.
    """
    return Retrying(
        retry=retry_if_exception(lambda exc: isinstance(exc, StoreError) and exc.retriable),
        stop=stop_after_delay(seconds),
        wait=wait_random_exponential(0.2, max=10),
        before_sleep=_say,
        reraise=True,
    )(call)


def _say(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    logger.warning(
        "try %d: %s; trying again in %.1f s", state.attempt_number, error, state.next_action.sleep if state.next_action else 0
    )
