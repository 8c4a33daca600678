"""From what went wrong between here and the service to the errors of the tree."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

import httpx

from imagesearch.client.call import Call
from imagesearch.errors import DeadlineExceeded, ImageSearchError, InputError, Overloaded, StoreUnavailable

T = TypeVar("T")

SECONDS = re.compile(r"[0-9]{1,9}(\.[0-9]{0,9})?", re.ASCII)
# What stands before a service says these itself, in its own words.
PASSING = (429, 502, 503, 504)
# The nearest relatives of a code that only a newer service knows.
NEAREST: dict[int, type[ImageSearchError]] = {429: Overloaded, 503: StoreUnavailable, 504: DeadlineExceeded}
MEMBERS = ("request_id", "errors", "down", "stores")


@contextmanager
def unanswered(base_url: str) -> Iterator[None]:
    """Turn httpx's errors into StoreUnavailable, whose store is "service" and whose cause is httpx's."""
    try:
        yield
    except (httpx.ConnectError, httpx.ConnectTimeout) as exc:
        raise StoreUnavailable(f"no service answers at {base_url}; start it with `imagesearch up`", store="service") from exc
    except httpx.TimeoutException as exc:
        raise StoreUnavailable(f"the service at {base_url} did not answer in time", store="service") from exc
    except httpx.HTTPError as exc:
        raise StoreUnavailable(f"the service at {base_url} broke off: {exc}", store="service") from exc


def read_answer(call: Call[T], response: httpx.Response, base_url: str) -> T:
    """Return what the call reads in the answer. Raises the error that the service names, StoreUnavailable for a stranger."""
    if not response.is_success:
        raise refusal(response, base_url)
    try:
        return call.read(response)
    except ValueError as exc:
        raise _stranger(response, base_url) from exc


def refusal(response: httpx.Response, base_url: str) -> ImageSearchError:
    """Return the error that an answer tells of; `data` has its `status`, and `retry_after_s` where the service says when."""
    problem = _object(response)
    wait = retry_after_s(response.headers.get("Retry-After", ""), datetime.now(UTC))
    waiting = {} if wait is None else {"retry_after_s": wait}
    if problem is None or not isinstance(problem.get("code"), str):
        return _stranger(response, base_url, **waiting)
    return _error(problem, response.status_code, waiting)


def retry_after_s(text: str, now: datetime) -> float | None:
    """Return how many seconds a Retry-After header asks to wait, by its seconds or its date; None for one that says neither."""
    if SECONDS.fullmatch(text.strip()):
        return float(text)
    try:
        when = parsedate_to_datetime(text)
    except ValueError:
        return None
    # A date without a zone is one in UTC.
    return max(0.0, ((when if when.tzinfo else when.replace(tzinfo=UTC)) - now).total_seconds())


def _stranger(response: httpx.Response, base_url: str, **data: Any) -> StoreUnavailable:
    status = response.status_code
    words = f"what answers at {base_url} is not this service (HTTP {status})"
    if status in PASSING:
        words += ", or it stands before one that does not answer"
    else:
        words += ", or another version of it; is another program on its port? see `imagesearch status`"
    return StoreUnavailable(words, store="service", status=status, **data)


def _object(response: httpx.Response) -> dict[str, Any] | None:
    try:
        body = response.json()
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def _error(problem: Mapping[str, Any], status: int, more: Mapping[str, Any]) -> ImageSearchError:
    known = {kind.code: kind for kind in _kinds(ImageSearchError)}
    nearest = NEAREST.get(status, InputError if status < 500 else ImageSearchError)
    kind = known.get(problem["code"], nearest)
    detail = str(problem.get("detail") or problem["code"])
    store = {"store": "service"} if issubclass(kind, StoreUnavailable) else {}
    members = {key: problem[key] for key in MEMBERS if key in problem}
    return kind(detail, status=status, **store, **members, **more)


def _kinds(kind: type[ImageSearchError]) -> Iterator[type[ImageSearchError]]:
    yield kind
    for narrower in kind.__subclasses__():
        yield from _kinds(narrower)
