"""`imagesearch load`: has the cluster load what is pending, and shows how far it is."""

from __future__ import annotations

import json
import signal
from collections.abc import Mapping
from typing import Any

from cli.bulk_job import BulkJob
from cli.console import Output, cell, table
from cli.service import open_client
from config import Settings
from imagesearch.client import NEVER
from imagesearch.errors import ImageSearchError

INTERRUPTED = 130
COUNTS = ("read", "loaded", "duplicate", "failed")


def run(
    settings: Settings,
    output: Output,
    follow: bool,
    *,
    import_id: int | None = None,
    variables: Mapping[str, str] | None = None,
    total: int | None = None,
) -> int:
    """Submit the bulk load, show its log and its numbers, and return its exit code; an interruption stops the job.

    Only the rows of an import where one is named, `total` of them; `variables` are set for the job.
    Raises StoreUnavailable when no cluster is configured or answers.
    """
    job = BulkJob(settings)
    if import_id is None and not follow:
        total = _pending(settings)
    # Ended from outside, the command takes its job along as Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    job.submit(follow, import_id, variables or {})
    output.say(f"job {job.job_id}; Ctrl-C stops it", "dim")
    last: dict[str, Any] = {}
    with output.progress("pictures") as progress:
        task = progress.add_task("loading", total=total)

        def each(line: str) -> None:
            report = report_in(line)
            if report is None:
                output.say(line, "dim")
                return
            last.update(report)
            progress.update(task, completed=report["loaded"] + report["duplicate"] + report["failed"])

        try:
            code = job.follow(each)
        except KeyboardInterrupt:
            output.say("stopping the job; what is not loaded yet stays pending")
            for line in job.stop().splitlines():
                last.update(report_in(line) or {})
            # Following has no other end.
            code = (1 if last.get("failed") else 0) if follow else INTERRUPTED
    if last:
        output.record(last)
        numbers = table(*last, numbers=tuple(last))
        numbers.add_row(*(cell(value) for value in last.values()))
        output.show(numbers)
    if last.get("failed"):
        output.say(f"{last['failed']} failed; GET /v1/add-log/LOG_ID tells why", "yellow")
    elif code and code != INTERRUPTED:
        output.say("the job failed; its log above tells why", "red")
    return code


def report_in(line: str) -> dict[str, Any] | None:
    """Return the numbers of a line of the job's log: its last line, or a `progress {...}` of its logger, in words or JSON.

    None for any other.
    """
    _, found, rest = line.partition(": progress ")
    try:
        report = json.loads(rest if found else line)
    except (ValueError, RecursionError):
        return None
    if isinstance(report, dict) and all(isinstance(report.get(key), int) for key in COUNTS):
        return {key: report[key] for key in (*COUNTS, "seconds", "images_per_s") if key in report}
    return None


def _pending(settings: Settings) -> int | None:
    """Ask the service how much there is to load; without an answer the bar has no end, and the load goes on."""
    try:
        with open_client(settings, NEVER) as client:
            return client.stats().pending
    except ImageSearchError:
        return None
