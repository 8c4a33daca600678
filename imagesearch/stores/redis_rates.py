"""Counts each caller's requests in Redis, so that all ingress replicas share one limit."""

from __future__ import annotations

import logging
from threading import Lock
from time import monotonic

import redis

from config.sections import RedisSettings
from imagesearch.errors import RateLimited, StoreUnavailable
from imagesearch.stores.redis_client import open_redis

logger = logging.getLogger(__name__)

# A bucket of a minute's requests that fills evenly, by Redis's own clock; answers the milliseconds until the next request may
# come, 0 where this one may. The key goes by itself once its bucket is full again.
TAKE = """
local limit = tonumber(ARGV[1])
local time = redis.call('time')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local state = redis.call('hmget', KEYS[1], 'left', 'at')
local at = tonumber(state[2] or now)
local left = math.min(limit, (tonumber(state[1] or limit)) + math.max(0, now - at) * limit / 60000)
local wait = 0
if left >= 1 then left = left - 1 else wait = math.ceil((1 - left) * 60000 / limit) end
redis.call('hset', KEYS[1], 'left', tostring(left), 'at', tostring(now))
redis.call('pexpire', KEYS[1], 61000)
return wait
"""


# Where it is open a Redis that did not answer is left alone for a while, then asked by one: a hung one costs each call its timeout.
PAUSE_S = 5.0


class RedisRates:
    """Implements ports.Rates. Thread-safe; connects on first use."""

    def __init__(self, settings: RedisSettings, *, fail_open: bool) -> None:
        self.outages = 0
        self._fail_open = fail_open
        self._redis = open_redis(settings)
        self._away_until = 0.0
        self._lock = Lock()

    def take(self, caller: str, per_minute: int) -> None:
        """Count one request.

        Raises RateLimited with `data["retry_after_s"]`, and StoreUnavailable without Redis unless `fail_open`.
        """
        if self._fail_open and self._away():
            self.outages += 1
            return
        try:
            if self._redis is None:
                raise redis.ConnectionError("redis.url is unset")
            wait_ms = int(self._redis.eval(TAKE, 1, f"imagesearch:rate:{caller}", per_minute))
            self._away_until = 0.0
        except redis.RedisError as exc:
            self.outages += 1
            self._away_until = monotonic() + PAUSE_S
            if not self._fail_open:
                raise StoreUnavailable("the rate limit cannot be counted: redis does not answer", store="redis") from exc
            if self.outages & (self.outages - 1) == 0:
                logger.warning("rate limits are off: redis does not answer (%s), %d times so far", exc, self.outages)
            return
        if wait_ms:
            raise RateLimited(f"more than {per_minute} requests a minute", retry_after_s=-(-wait_ms // 1000))

    def _away(self) -> bool:
        with self._lock:
            if not self._away_until:
                return False
            now = monotonic()
            is_away = now < self._away_until
            if not is_away:
                # Who comes while this one asks does not wait for the answer.
                self._away_until = now + PAUSE_S
            return is_away

    def close(self) -> None:
        """Close the connection."""
        if self._redis is not None:
            self._redis.close()
