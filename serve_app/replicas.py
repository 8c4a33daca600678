"""Whether a deployment has a replica, as Serve's controller says."""

from __future__ import annotations

import asyncio
import logging

from ray import serve
from ray.exceptions import RayError
from ray.serve.exceptions import RayServeException

logger = logging.getLogger(__name__)


class Replicas:
    """Of one deployment of this replica's own application."""

    def __init__(self, deployment: str) -> None:
        self._deployment = deployment
        self._application = serve.get_replica_context().app_name

    async def running(self) -> bool:
        """Say whether one runs. A controller that does not tell is no sign that none does."""
        try:
            # It blocks.
            status = await asyncio.to_thread(serve.status)
        except (RayError, RayServeException) as exc:
            logger.warning("Serve does not tell whether %s runs: %s", self._deployment, exc)
            return True
        application = status.applications.get(self._application)
        deployment = None if application is None else application.deployments.get(self._deployment)
        # Their enumeration, whose members are strings, is not for others to import.
        return deployment is None or any(count and state == "RUNNING" for state, count in deployment.replica_states.items())
