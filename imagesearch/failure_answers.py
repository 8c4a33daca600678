"""What failed as the service tells of it and its callers read it."""

from __future__ import annotations

from imagesearch.answers import Answer, LogEntry


class FailurePage(Answer):
    """Add requests that failed, by log_id; `next` is the address of the following page, null at the end."""

    failures: list[LogEntry]
    next: str | None


class Retried(Answer):
    """How many failed add requests wait again; with `more`, others are left for the next call."""

    retried: int
    more: bool
