"""Vectors of pictures that were searched by, in a table of bounded size in Redis: the same query again costs no forward pass.

A picture has one slot, by its key; one that comes later with the same slot takes it. So the table never holds more than its slots,
and needs no order of use.
"""

from __future__ import annotations

import logging
from time import monotonic

import numpy as np
import redis

from config.sections import RedisSettings
from imagesearch.stores.redis_client import open_redis
from imagesearch.types import Vectors

logger = logging.getLogger(__name__)

# A table that answers later than this costs more than it saves, and one that failed is left alone for a while.
TIMEOUT_S = 0.2
PAUSE_S = 5.0
# What nobody asked for since goes by itself.
KEPT_S = 7 * 24 * 3600


class RedisVectors:
    """Implements ports.VectorCache. Thread-safe; connects on first use."""

    def __init__(self, settings: RedisSettings, slots: int) -> None:
        self._slots = slots
        quick = settings.model_copy(update={"timeout_s": min(settings.timeout_s, TIMEOUT_S)})
        self._redis = open_redis(quick) if slots else None
        self._away_until = 0.0

    def get(self, key: bytes, dim: int) -> Vectors | None:
        """Return the vectors, float32 (n, dim), that were put under this key of 32 bytes; None where none are left."""
        try:
            held = None if self._redis is None or self._away() else self._redis.getex(self._slot(key), ex=KEPT_S)
        except redis.RedisError as exc:
            self._gone(exc)
            return None
        rest = len(held) - len(key) if isinstance(held, bytes) else 0
        if not isinstance(held, bytes) or held[: len(key)] != key or rest <= 0 or rest % (4 * dim):
            return None
        return np.frombuffer(held, "<f4", offset=len(key)).reshape(-1, dim).astype(np.float32)

    def put(self, key: bytes, vectors: Vectors) -> None:
        """Keep the vectors, as long as nobody else needs their slot."""
        try:
            if self._redis is not None and not self._away():
                self._redis.set(self._slot(key), key + vectors.astype("<f4").tobytes(), ex=KEPT_S)
        except redis.RedisError as exc:
            self._gone(exc)

    def close(self) -> None:
        """Close the connection."""
        if self._redis is not None:
            self._redis.close()

    def _slot(self, key: bytes) -> str:
        return f"imagesearch:vectors:{int.from_bytes(key[:8], 'big') % self._slots}"

    def _away(self) -> bool:
        return monotonic() < self._away_until

    def _gone(self, exc: redis.RedisError) -> None:
        self._away_until = monotonic() + PAUSE_S
        logger.warning("queries are embedded anew for %.0f s: redis does not answer (%s)", PAUSE_S, exc)
