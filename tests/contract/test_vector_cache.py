"""The cache of query vectors on a real Redis: exact, bounded, and never in the way."""

import hashlib

import numpy as np
import pytest
import redis

from config.sections import RedisSettings
from imagesearch.stores import redis_vectors
from imagesearch.stores.redis_vectors import RedisVectors

DIM = 5


def key(number):
    return hashlib.sha256(str(number).encode()).digest()


def vectors(number, rows=1):
    return np.random.default_rng(number).standard_normal((rows, DIM)).astype(np.float32)


@pytest.fixture
def settings(redis_server):
    settings = RedisSettings(url=redis_server.url)
    redis.Redis.from_url(redis_server.url).flushall()
    return settings


@pytest.fixture
def cache(settings):
    cache = RedisVectors(settings, 1000)
    yield cache
    cache.close()


@pytest.mark.parametrize("rows", [1, 5])
def test_what_was_put_is_had_to_the_bit(cache, rows):
    assert cache.get(key(1), DIM) is None
    cache.put(key(1), vectors(1, rows))
    held = cache.get(key(1), DIM)
    assert held.dtype == np.float32 and np.array_equal(held, vectors(1, rows))
    assert cache.get(key(2), DIM) is None


def test_another_process_has_it_too(cache, settings):
    cache.put(key(1), vectors(1))
    other = RedisVectors(settings, 1000)
    assert np.array_equal(other.get(key(1), DIM), vectors(1))
    other.close()


def test_it_never_holds_more_than_its_slots_and_never_gives_another_s(settings):
    small = RedisVectors(settings, 8)
    for number in range(200):
        small.put(key(number), vectors(number))
    client = redis.Redis.from_url(settings.url.get_secret_value())
    assert len(client.keys("imagesearch:vectors:*")) <= 8
    held = {number: small.get(key(number), DIM) for number in range(200)}
    assert 0 < sum(one is not None for one in held.values()) <= 8
    assert all(np.array_equal(one, vectors(number)) for number, one in held.items() if one is not None)
    assert 0 < client.ttl(client.keys("imagesearch:vectors:*")[0]) <= redis_vectors.KEPT_S
    small.close()


@pytest.mark.parametrize("held", [b"", b"short", key(1), key(1) + b"xyz", key(2) + bytes(4 * DIM)])
def test_what_is_no_vector_of_this_picture_is_not_taken_for_one(cache, settings, held):
    client = redis.Redis.from_url(settings.url.get_secret_value())
    client.set(cache._slot(key(1)), held)
    assert cache.get(key(1), DIM) is None


def test_without_redis_or_without_slots_nothing_is_held(settings):
    for off in (RedisVectors(RedisSettings(url=None), 10), RedisVectors(settings, 0)):
        off.put(key(1), vectors(1))
        assert off.get(key(1), DIM) is None
        off.close()


def test_a_redis_that_is_away_is_asked_once_and_then_left_alone(monkeypatch):
    away = RedisVectors(RedisSettings(url="redis://127.0.0.1:9/0"), 10)
    assert away.get(key(1), DIM) is None
    monkeypatch.setattr(away._redis, "getex", None)
    monkeypatch.setattr(away._redis, "set", None)
    assert away.get(key(1), DIM) is None
    away.put(key(1), vectors(1))
