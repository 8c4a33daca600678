"""When a call is tried again, and how long is waited before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx
from tenacity import (
    RetryCallState,
    retry_if_exception,
    retry_if_result,
    stop_after_attempt,
    stop_after_delay,
    stop_before_delay,
    wait_exponential,
    wait_random,
)

from imagesearch.answers import LogEntry
from imagesearch.client.call import Call
from imagesearch.errors import ImageSearchError, NotLoadedYet
from imagesearch.types import LogState

# The service did not take the request.
REFUSED = (429, 503)
# Whether the service took it is not known.
UNKNOWN = (502, 504)
MOST_S = 10.0


@dataclass(frozen=True, slots=True)
class Retry:
    """How patient a client is: at most `attempts`, none of which starts later than `total_s` after the first.

    It waits as long as the service's Retry-After says, without one for `first_s`, doubled each time; up to `jitter_s` is added, so
    that callers who were refused together do not come back together. A wait that would end too late is not begun.

    429 and 503 are tried again, whatever the call; 502, 504 and a connection that breaks only where the call may be repeated:
    reads, searches, changes, and adds with an idempotency key. A service that nobody finds is asked again only with `unreachable`,
    one that takes too long never.
    """

    attempts: int = 4
    total_s: float = 30.0
    first_s: float = 0.5
    jitter_s: float = 0.5
    unreachable: bool = False

    def rules(self, call: Call[Any]) -> dict[str, Any]:
        """Return the rules for this call, as tenacity's Retrying and AsyncRetrying take them."""
        total_s = self.total_s if call.timeout_s is None else min(self.total_s, call.timeout_s)
        return {
            "retry": retry_if_exception(lambda error: self.again(call, error)),
            "stop": stop_after_attempt(self.attempts if call.patient else 1) | stop_before_delay(total_s),
            "wait": self._wait_s,
            "reraise": True,
        }

    def again(self, call: Call[Any], error: BaseException) -> bool:
        """Say whether what failed with this error is worth another attempt, and safe."""
        if not isinstance(error, ImageSearchError) or not error.retriable:
            return False
        cause = error.__cause__
        if isinstance(cause, httpx.ConnectError | httpx.ConnectTimeout):
            return self.unreachable
        if isinstance(cause, httpx.NetworkError | httpx.RemoteProtocolError):
            return call.repeatable
        status = error.data.get("status")
        return status in REFUSED or (status in UNKNOWN and call.repeatable)

    def _wait_s(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        said = error.data.get("retry_after_s") if isinstance(error, ImageSearchError) else None
        wait_s = wait_exponential(self.first_s, max=MOST_S)(state) if said is None else float(said)
        return wait_s + wait_random(0, self.jitter_s)(state)


NEVER = Retry(attempts=1)
"""Whatever happens is told at once."""


def until_loaded(log_id: int, timeout_s: float) -> dict[str, Any]:
    """Return the rules by which an add request is asked for until it is pending no more, as tenacity takes them."""

    def give_up(_: RetryCallState) -> LogEntry:
        raise NotLoadedYet(f"the add request {log_id} is still pending after {timeout_s:g} s", log_id=log_id)

    return {
        "retry": retry_if_result(lambda entry: entry.state is LogState.PENDING),
        "stop": stop_after_delay(timeout_s),
        "wait": wait_exponential(0.2, max=5.0),
        "retry_error_callback": give_up,
    }
