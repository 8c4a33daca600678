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
        self._asked: asyncio.Task[bool] | None = None

    async def running(self) -> bool:
        """Say whether one runs. A controller that does not tell is no sign that none does.

        All who ask at the same time, from one event loop, have one answer.
        """
        if self._asked is None or self._asked.done():
            self._asked = asyncio.create_task(self._ask())
        # Whoever hangs up does not end it for the others.
        return await asyncio.shield(self._asked)

    async def _ask(self) -> bool:
        try:
            # It blocks; and two at once trip each other up, by what each registers with cloudpickle for the whole process. So may
            # Serve's own thread, which reads the same configuration: that is the ValueError.
            status = await asyncio.to_thread(serve.status)
        except (RayError, RayServeException, ValueError) as exc:
            logger.warning("Serve does not tell whether %s runs: %s", self._deployment, exc)
            return True
        application = status.applications.get(self._application)
        deployment = None if application is None else application.deployments.get(self._deployment)
        # Their enumeration, whose members are strings, is not for others to import.
        return deployment is None or any(count and state == "RUNNING" for state, count in deployment.replica_states.items())
