"""Opens Redis the way that all who use it want it: quick to give up, since none of them needs it for correctness."""

from __future__ import annotations

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from config.sections import RedisSettings


def open_redis(settings: RedisSettings) -> redis.Redis | None:
    """Return a client that connects on first use; None where the settings name no Redis."""
    if settings.url is None:
        return None
    return redis.Redis.from_url(
        settings.url.get_secret_value(),
        socket_timeout=settings.timeout_s,
        socket_connect_timeout=settings.timeout_s,
        # A Redis that is down costs each call one timeout, not several.
        retry=Retry(NoBackoff(), 1),
    )
