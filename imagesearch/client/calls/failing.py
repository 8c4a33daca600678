"""What failed, and its second chance."""

from __future__ import annotations

import httpx

from imagesearch.answers import LogEntry
from imagesearch.client.call import Call, Page, given
from imagesearch.client.reading import model
from imagesearch.failure_answers import FailurePage, Retried
from imagesearch.types import DEFAULT_NAMESPACE


def failures(namespace: str = DEFAULT_NAMESPACE, *, page: int = 100, after: int | None = None) -> Call[Page[LogEntry]]:
    """Go through a namespace's add requests that failed and can be tried again, by log_id; `page` of them a request."""

    def read(response: httpx.Response) -> Page[LogEntry]:
        answer = model(FailurePage)(response)
        return Page(answer.failures, answer.next)

    return Call("GET", "/v1/failures", read, query=given(limit=page, after=after, namespace=namespace), repeatable=True)


def retry_failures(namespace: str = DEFAULT_NAMESPACE, *, import_id: int | None = None, code: str | None = None) -> Call[Retried]:
    """Have failed add requests wait for a loader again, only those of an import or with a code; again while there are `more`."""
    json = given(namespace=namespace, import_id=import_id, code=code)
    return Call("POST", "/v1/failures:retry", model(Retried), json=json)
