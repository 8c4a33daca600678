"""The bulk load as a job of the Ray cluster: submitted, followed, stopped; Ray's errors leave translated."""

from __future__ import annotations

import asyncio
import os
import shlex
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import aiohttp
import requests
from ray.exceptions import AuthenticationError
from ray.job_submission import JobDetails, JobStatus, JobSubmissionClient

from config.settings import PROJECT_ROOT, Settings
from imagesearch.errors import ImageSearchError, StoreUnavailable

MODULE = "jobs.bulk_load"
POLL_S = 0.2
# Ray kills a job that does not end within three seconds of being asked to.
STOP_TIMEOUT_S = 30.0
# What stays at home when the project is sent to a cluster.
NOT_SENT = [".git", ".venv*", ".imagesearch", "**/__pycache__", "tests", "benchmarks"]


class BulkJob:
    """One bulk load. Raises StoreUnavailable when no cluster is configured or answers."""

    def __init__(self, settings: Settings) -> None:
        if settings.ray.dashboard is None:
            how = "run `imagesearch up`" if settings.profile == "local" else "set IMAGESEARCH_RAY__DASHBOARD"
            raise StoreUnavailable(f"no Ray cluster is known; {how}", store="ray")
        self.job_id = ""
        self._dashboard = settings.ray.dashboard
        self._local = settings.profile == "local"
        if self._local:
            # The local cluster runs without tokens; asking for one would write it into the user's home.
            os.environ.setdefault("RAY_AUTH_MODE", "disabled")
        for variable in ("RAY_ADDRESS", "RAY_API_SERVER_ADDRESS"):
            # Ray would let them win over the address that it is given; here the settings name the cluster.
            os.environ.pop(variable, None)
        with self._translated():
            self._client = JobSubmissionClient(self._dashboard)

    def submit(self, follow: bool) -> None:
        """Submit the job; `job_id` names it from now on."""
        # The local cluster's Python and code are this process's own; elsewhere there is a `python`, and the code is sent.
        command = [sys.executable if self._local else "python", "-m", MODULE, *(["--follow"] if follow else [])]
        with self._translated():
            self.job_id = self._client.submit_job(entrypoint=shlex.join(command), runtime_env=self._runtime_env())

    def follow(self, each: Callable[[str], None]) -> int:
        """Call `each` with every line of the job's log and return the job's exit code once it has ended."""
        with self._translated():
            asyncio.run(self._tail(each))
            return _exit_code(self._ended())

    def stop(self) -> str:
        """Stop the job and return its log. Raises StoreUnavailable when it has not ended after 30 seconds."""
        with self._translated():
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
        # The node may have been started elsewhere: the job gets this command's code and settings.
        ours = {name: value for name, value in os.environ.items() if name.startswith("IMAGESEARCH_")}
        return {"env_vars": {**ours, "PYTHONPATH": str(PROJECT_ROOT)}}

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (ConnectionError, requests.ConnectionError, requests.Timeout, aiohttp.ClientError) as exc:
            raise StoreUnavailable(
                f"no Ray cluster answers at {self._dashboard}; `imagesearch status` tells what runs", store="ray"
            ) from exc
        except (RuntimeError, AuthenticationError, requests.RequestException) as exc:
            # The SDK's errors for every answer but 200; a token that is asked for among them.
            raise StoreUnavailable(f"the Ray cluster at {self._dashboard} refused: {exc}", store="ray") from exc


def _exit_code(details: JobDetails) -> int:
    if details.status == JobStatus.SUCCEEDED:
        return 0
    if details.status == JobStatus.FAILED and details.driver_exit_code in (1, 2, 3):
        return int(details.driver_exit_code)
    # Killed, or never begun: not the rows' fault.
    raise ImageSearchError(f"the job did not end by itself: {details.status}: {details.message}", job_id=details.submission_id)
