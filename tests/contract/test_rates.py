"""Rate limits on a real Redis, and without one."""

import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from config.sections import RedisSettings
from imagesearch.errors import RateLimited, StoreUnavailable
from imagesearch.stores import redis_rates
from imagesearch.stores.redis_rates import RedisRates


@pytest.fixture
def rates(redis_server):
    rates = RedisRates(RedisSettings(url=redis_server.url), fail_open=False)
    yield rates
    rates.close()


def taken(rates, caller, per_minute, tries):
    passed = 0
    for _ in range(tries):
        try:
            rates.take(caller, per_minute)
            passed += 1
        except RateLimited:
            pass
    return passed


def test_a_minute_s_requests_may_come_at_once_and_then_they_are_spread(rates):
    assert taken(rates, "burst", 30, 60) == 30
    with pytest.raises(RateLimited) as caught:
        rates.take("burst", 30)
    assert 1 <= caught.value.data["retry_after_s"] <= 2
    time.sleep(2.1)
    assert taken(rates, "burst", 30, 10) in (1, 2)


def test_callers_do_not_share_a_limit_and_replicas_do(rates, redis_server):
    assert taken(rates, "one", 5, 9) == 5
    assert taken(rates, "two", 5, 9) == 5
    other = RedisRates(RedisSettings(url=redis_server.url), fail_open=False)
    assert taken(other, "one", 5, 9) == 0
    other.close()


@pytest.mark.parametrize("url", [None, "redis://127.0.0.1:9/0"])
def test_without_redis_it_is_open_or_closed_as_the_settings_say(url):
    closed = RedisRates(RedisSettings(url=url), fail_open=False)
    with pytest.raises(StoreUnavailable) as caught:
        closed.take("one", 5)
    assert caught.value.data["store"] == "redis"
    opened = RedisRates(RedisSettings(url=url), fail_open=True)
    assert taken(opened, "one", 5, 9) == 9
    assert opened.outages == 9


def test_a_redis_that_hangs_costs_one_caller_its_timeout_and_the_others_nothing(monkeypatch, redis_server):
    monkeypatch.setattr(redis_rates, "PAUSE_S", 1.5)
    with socket.create_server(("127.0.0.1", 0)) as silent, ThreadPoolExecutor(8) as pool:
        rates = RedisRates(RedisSettings(url=f"redis://127.0.0.1:{silent.getsockname()[1]}/0", timeout_s=0.3), fail_open=True)

        def seconds(_):
            started = time.perf_counter()
            rates.take("one", 1)
            return time.perf_counter() - started

        assert seconds(0) >= 0.3
        assert max(pool.map(seconds, range(40))) < 0.3
        assert rates.outages == 41
        time.sleep(1.6)
        waited = sorted(pool.map(seconds, range(8)))
        assert waited[-1] >= 0.3 > waited[-2]
        rates.close()


def test_a_redis_that_is_back_is_counted_by_again(monkeypatch, redis_server):
    monkeypatch.setattr(redis_rates, "PAUSE_S", 0.2)
    rates = RedisRates(RedisSettings(url=redis_server.url), fail_open=True)
    with monkeypatch.context() as down:
        down.setattr(redis_rates, "TAKE", "return redis.error_reply('down')")
        assert taken(rates, "back", 3, 9) == 9
    time.sleep(0.3)
    assert taken(rates, "back", 3, 9) == 3
    rates.close()
