"""The bulk load as a job of the Ray cluster: submitted, followed, stopped."""

from __future__ import annotations

import asyncio
import os
import shlex
import sys
import time
from collections.abc import Callable
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
        with translated(self._dashboard):
            self._client = JobSubmissionClient(self._dashboard)

    def submit(self, follow: bool) -> None:
        """Submit the job; `job_id` names it from now on."""
        # The local cluster's Python and code are this process's own; elsewhere there is a `python`, and the code is sent.
        command = [sys.executable if self._local else "python", "-m", MODULE, *(["--follow"] if follow else [])]
        with translated(self._dashboard):
            self.job_id = self._client.submit_job(entrypoint=shlex.join(command), runtime_env=self._runtime_env())

    def follow(self, each: Callable[[str], None]) -> int:
        """Call `each` with every line of the job's log and return the job's exit code once it has ended.

        Raises ImageSearchError when the job was stopped or killed.
        """
        with translated(self._dashboard):
            asyncio.run(self._tail(each))
            return _exit_code(self._ended())

    def stop(self) -> str:
        """Stop the job and return its log. Raises StoreUnavailable when it has not ended after 30 seconds."""
        with translated(self._dashboard):
            self._client.stop_job(self.job_id)
            self._ended(STOP_TIMEOUT_S)
            return str(self._client.get_job_logs(self.job_id))

    async def _tail(self, each: Callable[[str], None]) -> None:
        rest = ""
        async for chunk in self._client.tail_job_logs(self.job_id):
            *lines, rest = (rest + chunk).split("\n")
            for line in lines:
                each(line)
        if rest:
            each(rest)

    def _ended(self, timeout_s: float = float("inf")) -> JobDetails:
        end = time.monotonic() + timeout_s
        while not (details := self._client.get_job_info(self.job_id)).status.is_terminal():
            if time.monotonic() > end:
                raise StoreUnavailable(f"job {self.job_id} was asked to stop and still runs", store="ray")
            time.sleep(POLL_S)
        return details

    def _runtime_env(self) -> dict[str, Any]:
        if not self._local:
            return {"working_dir": str(PROJECT_ROOT), "excludes": NOT_SENT}
        # The code is importable on the local node; what this shell sets is meant for the job that it starts.
        ours = {name: value for name, value in os.environ.items() if name.startswith("IMAGESEARCH_")}
        return {"env_vars": ours} if ours else {}


def _exit_code(details: JobDetails) -> int:
    if details.status == JobStatus.SUCCEEDED:
        return 0
    if details.status == JobStatus.FAILED and details.driver_exit_code in (1, 2, 3):
        return int(details.driver_exit_code)
    # Stopped from elsewhere, killed, or never begun: not the rows' fault.
    raise ImageSearchError(f"the job did not end by itself: {details.status}: {details.message}", job_id=details.submission_id)
