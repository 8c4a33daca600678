"""Leases on add-log rows in Redis: a hint that spares two loaders the same work, never needed for correctness."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Collection, Sequence
from time import monotonic

import redis

from config.sections import RedisSettings
from imagesearch.stores.redis_client import open_redis

logger = logging.getLogger(__name__)

# Take what is free, in one step on the server; and what ends later than any lease can that was given or renewed lately. Redis keeps
# the end of a lease as a time of day: with its clock stepped back by an hour, a dead loader would hold its rows an hour longer. A
# living one renews its leases to their right length in a third of it.
CLAIM = (
    "if redis.call('set', KEYS[1], ARGV[1], 'nx', 'px', ARGV[2]) then return 1 end "
    "if redis.call('pttl', KEYS[1]) > 2 * ARGV[2] then redis.call('set', KEYS[1], ARGV[1], 'px', ARGV[2]) return 1 end return 0"
)
# Compare the owner and act, in one step on the server: a lease that expired and went to another is never touched.
RENEW = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('pexpire', KEYS[1], ARGV[2]) else return 0 end"
RELEASE = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) else return 0 end"


# A Redis that hangs, which costs each call its timeout, is left alone for a while. One that refuses costs nothing, and is asked
# each time: when it is back two loaders are kept apart again at once.
PAUSE_S = 5.0


class RedisLeases:
    """Implements ports.Leases with one key a row in flight; each key expires by itself when its loader dies.

    Redis gone: every claim is granted, `outages` counts the calls that Redis did not answer, and the load goes on:
    unique keys and upserts keep it correct. The client connects on first use. `scope` keeps loads of different databases apart.
    """

    def __init__(self, settings: RedisSettings, scope: str, owner: str | None = None) -> None:
        self.owner = owner or uuid.uuid4().hex
        self.outages = 0
        self._scope = scope
        self._lease_ms = max(1, int(settings.lease_s * 1000))
        self._redis = open_redis(settings)
        self._away_until = 0.0

    def claim(self, log_ids: Sequence[int]) -> set[int]:
        """Return the ids that were free and are ours now."""
        if self._redis is None or monotonic() < self._away_until:
            return set(log_ids)
        try:
            with self._redis.pipeline(transaction=False) as pipe:
                for log_id in log_ids:
                    pipe.eval(CLAIM, 1, self._key(log_id), self.owner, self._lease_ms)
                answers = pipe.execute()
        except redis.RedisError as exc:
            self._count_outage("claim", exc)
            return set(log_ids)
        return {log_id for log_id, taken in zip(log_ids, answers, strict=True) if taken}

    def renew(self, log_ids: Collection[int]) -> None:
        """Extend what we still hold by a whole lease."""
        self._each("renew", RENEW, log_ids, self._lease_ms)

    def release(self, log_ids: Collection[int]) -> None:
        """Give back what we still hold."""
        self._each("release", RELEASE, log_ids)

    def ping(self) -> bool:
        """Say whether Redis answers."""
        try:
            return self._redis is None or bool(self._redis.ping())
        except redis.RedisError:
            return False

    def close(self) -> None:
        """Close the connection; held leases run out by themselves."""
        if self._redis is not None:
            self._redis.close()

    def _each(self, name: str, script: str, log_ids: Collection[int], *args: int) -> None:
        if self._redis is None or not log_ids or monotonic() < self._away_until:
            return
        try:
            with self._redis.pipeline(transaction=False) as pipe:
                for log_id in log_ids:
                    pipe.eval(script, 1, self._key(log_id), self.owner, *args)
                pipe.execute()
        except redis.RedisError as exc:
            self._count_outage(name, exc)

    def _count_outage(self, name: str, exc: redis.RedisError) -> None:
        self.outages += 1
        if isinstance(exc, redis.TimeoutError):
            self._away_until = monotonic() + PAUSE_S
        # Every batch asks Redis three times: an outage of an hour is told now and then, not a thousand times.
        if self.outages & (self.outages - 1) == 0:
            logger.warning(
                "redis did not answer %s (%s), %d times so far; the load goes on without leases", name, exc, self.outages
            )

    def _key(self, log_id: int) -> str:
        return f"imagesearch:lease:{self._scope}:{log_id}"
