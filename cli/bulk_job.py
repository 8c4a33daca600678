"""The bulk load as a job of the Ray cluster: submitted, followed, stopped."""

from __future__ import annotations

import asyncio
import logging
import os
import shlex
import sys
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from ray.job_submission import JobDetails, JobStatus, JobSubmissionClient

from cli.ray_dashboard import dashboard_of, translated
from config.settings import PROJECT_ROOT, Settings
from imagesearch.errors import ImageSearchError, StoreUnavailable

MODULE = "jobs.bulk_load"
POLL_S = 0.2
# Ray kills a job that does not end within three seconds of being asked to.
STOP_TIMEOUT_S = 30.0
# What stays at home when the project is sent to a cluster.
NOT_SENT = [".git", ".venv*", ".imagesearch", "**/__pycache__", "tests", "benchmarks"]


class BulkJob:
    """One bulk load. Every call raises StoreUnavailable when no cluster is configured or answers."""

    def __init__(self, settings: Settings) -> None:
        self.job_id = ""
        self._local = settings.embedded
        self._dashboard = dashboard_of(settings)
        # It reports at level INFO how its connections end.
        logging.getLogger(JobSubmissionClient.__module__).setLevel(logging.WARNING)
        with translated(self._dashboard):
            self._client = JobSubmissionClient(self._dashboard)

    def submit(self, follow: bool, import_id: int | None = None, variables: Mapping[str, str] = MappingProxyType({})) -> None:
        """Submit the job, for one import or all rows, with these variables over its own; `job_id` names it from now on."""
        options = [*(["--follow"] if follow else []), *([] if import_id is None else ["--import-id", str(import_id)])]
        # The local cluster's Python and code are this process's own; elsewhere there is a `python`, and the code is sent.
        command = [sys.executable if self._local else "python", "-m", MODULE, *options]
        with translated(self._dashboard):
            self.job_id = self._client.submit_job(entrypoint=shlex.join(command), runtime_env=self._runtime_env(variables))

    def follow(self, each: Callable[[str], None]) -> int:
        """Call `each` with every line of the job's log and return the job's exit code once it has ended.

        Raises ImageSearchError when the job was stopped or killed.
        """
        with translated(self._dashboard):
            return exit_code_of(asyncio.run(self._watch(each)))

    def stop(self) -> str:
        """Stop the job and return its log. Raises StoreUnavailable when it has not ended after 30 seconds."""
        with translated(self._dashboard):
            self._client.stop_job(self.job_id)
            end = time.monotonic() + STOP_TIMEOUT_S
            while not self._details().status.is_terminal():
                if time.monotonic() > end:
                    raise StoreUnavailable(f"job {self.job_id} was asked to stop and still runs", store="ray")
                time.sleep(POLL_S)
            return self._log()

    async def _watch(self, each: Callable[[str], None]) -> JobDetails:
        lines = Lines(each)
        tail = asyncio.create_task(self._tail(lines))
        while not (details := await asyncio.to_thread(self._details)).status.is_terminal():
            if tail.done():
                tail.result()
            await asyncio.sleep(POLL_S)
        # The stream lags seconds behind the job's end: the rest of the log is asked for instead.
        tail.cancel()
        lines.feed((await asyncio.to_thread(self._log))[lines.fed :] + "\n")
        return details

    async def _tail(self, lines: Lines) -> None:
        async for chunk in self._client.tail_job_logs(self.job_id):
            lines.feed(chunk)

    def _details(self) -> JobDetails:
        return self._client.get_job_info(self.job_id)

    def _log(self) -> str:
        return str(self._client.get_job_logs(self.job_id))

    def _runtime_env(self, variables: Mapping[str, str]) -> dict[str, Any]:
        if not self._local:
            sent = {"working_dir": str(PROJECT_ROOT), "excludes": NOT_SENT}
            return {**sent, "env_vars": dict(variables)} if variables else sent
        # The code is importable on the local node; what this shell sets is meant for the job that it starts.
        ours = {name: value for name, value in os.environ.items() if name.startswith("IMAGESEARCH_")} | dict(variables)
        return {"env_vars": ours} if ours else {}


class Lines:
    """Cuts chunks of text into lines; `fed` counts the characters so far."""

    def __init__(self, each: Callable[[str], None]) -> None:
        self.fed = 0
        self._each = each
        self._rest = ""

    def feed(self, chunk: str) -> None:
        """Take a piece of the log and hand on the lines that it ends, but for empty ones."""
        self.fed += len(chunk)
        *lines, self._rest = (self._rest + chunk).split("\n")
        for line in filter(None, lines):
            self._each(line)


def exit_code_of(details: JobDetails) -> int:
    """Return the exit code of a job that ended by itself. Raises ImageSearchError for one that was stopped or killed."""
    if details.status == JobStatus.SUCCEEDED:
        return 0
    if details.status == JobStatus.FAILED and details.driver_exit_code in (1, 2, 3):
        return int(details.driver_exit_code)
    # Stopped from elsewhere, killed, or never begun: not the rows' fault.
    raise ImageSearchError(f"the job did not end by itself: {details.status}: {details.message}", job_id=details.submission_id)
