"""What an ingress replica looks at by itself, every few seconds, also while nobody asks it anything."""

from __future__ import annotations

import asyncio
import logging

from imagesearch.errors import ImageSearchError
from imagesearch.metrics import CALLS, OLDEST_PENDING_SECONDS
from serve_app.services import Services

logger = logging.getLogger(__name__)

PAUSE_S = 10.0


async def watch(services: Services) -> None:
    """Record how much waits, in the replica's threads and in the add-log, until it is cancelled."""
    while True:
        for name, workers in services.pools.items():
            services.meter.record(CALLS, workers.calls, pool=name)
        try:
            services.meter.record(OLDEST_PENDING_SECONDS, await services.lag.seconds() or 0.0)
        except ImageSearchError as exc:
            logger.warning("how old the oldest add request is cannot be told: %s", exc.detail, extra={"code": exc.code})
        await asyncio.sleep(PAUSE_S)
