"""Leases on a real redis-server, and without one."""

import socket
import time

import pytest
import redis

from config.sections import RedisSettings
from imagesearch.stores import redis_leases
from imagesearch.stores.redis_leases import RedisLeases


@pytest.fixture
def leases(redis_server, request):
    opened = []

    def open_one(owner, lease_s=30.0, scope=request.node.name):
        opened.append(RedisLeases(RedisSettings(url=redis_server.url, lease_s=lease_s, timeout_s=1.0), scope, owner))
        return opened[-1]

    yield open_one
    for one in opened:
        one.close()


def test_a_row_has_one_owner(leases):
    a, b = leases("a"), leases("b")
    assert a.claim([1, 2, 3]) == {1, 2, 3}
    assert b.claim([2, 3, 4]) == {4}
    assert a.claim([1]) == set()


def test_what_was_released_is_free_again_and_only_its_owner_releases(leases):
    a, b = leases("a"), leases("b")
    a.claim([1])
    b.release([1])
    assert b.claim([1]) == set()
    a.release([1])
    assert b.claim([1]) == {1}


def test_a_lease_ends_by_itself_unless_it_is_renewed(leases):
    a, b = leases("a", lease_s=0.4), leases("b")
    a.claim([1, 2])
    for _ in range(4):
        time.sleep(0.2)
        a.renew([1])
    assert b.claim([1, 2]) == {2}


def test_an_owner_that_lost_its_lease_does_not_renew_the_next_ones(leases):
    a, b = leases("a", lease_s=0.2), leases("b", lease_s=0.4)
    a.claim([1])
    time.sleep(0.3)
    assert b.claim([1]) == {1}
    for _ in range(3):
        a.renew([1])
        time.sleep(0.2)
    assert leases("c").claim([1]) == {1}


def test_a_clock_that_stepped_back_an_hour_does_not_keep_a_dead_loaders_rows_for_an_hour(leases, redis_server):
    leases("dead", lease_s=1.0).claim([1, 2])
    step_clock_back(redis_server)
    assert leases("b", lease_s=1.0).claim([1, 2, 3]) == {1, 2, 3}


def test_a_clock_that_stepped_back_takes_nothing_from_a_loader_that_lives_and_renewed(leases, redis_server):
    a, b = leases("a", lease_s=1.0), leases("b", lease_s=1.0)
    a.claim([1, 2])
    step_clock_back(redis_server)
    a.renew([1])
    assert b.claim([1, 2]) == {2}
    a.release([2])
    assert leases("c", lease_s=1.0).claim([2]) == set()


def step_clock_back(redis_server):
    """What such a step does to a Redis, which keeps ends of leases as times of day: each lasts an hour longer."""
    client = redis.Redis.from_url(redis_server.url)
    for key in client.scan_iter("imagesearch:lease:*"):
        client.pexpire(key, client.pttl(key) + 3_600_000)
    client.close()


def test_loads_of_two_databases_do_not_meet(leases):
    assert leases("a", scope="one").claim([1]) == {1}
    assert leases("b", scope="two").claim([1]) == {1}


def test_nothing_is_left_in_redis_after_the_release(leases, redis_server):
    client = redis.Redis.from_url(redis_server.url)
    before = client.dbsize()
    a = leases("a")
    a.claim(range(1000))
    assert client.dbsize() == before + 1000
    a.release(range(1000))
    assert client.dbsize() == before
    client.close()


def test_with_redis_gone_all_is_granted_and_counted_and_it_recovers(leases, redis_server):
    a, b = leases("a"), leases("b")
    a.claim([1])
    redis_server.stop()
    try:
        assert b.claim([1, 2]) == {1, 2}
        b.renew([1])
        b.release([1])
        assert b.outages == 3
        assert not b.ping()
    finally:
        redis_server.start()
    assert b.ping()
    assert b.claim([7]) == {7}
    assert a.claim([7]) == set()


def test_a_redis_that_hangs_is_waited_for_once_and_asked_again_later(monkeypatch):
    monkeypatch.setattr(redis_leases, "PAUSE_S", 2.0)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings = RedisSettings(url=f"redis://127.0.0.1:{silent.getsockname()[1]}/0", timeout_s=0.5)
        leases = RedisLeases(settings, "scope")
        started = time.monotonic()
        assert leases.claim([1, 2]) == {1, 2}
        waited = time.monotonic() - started
        for log_id in range(20):
            assert leases.claim([log_id]) == {log_id}
            leases.release([log_id])
        assert time.monotonic() - started - waited < 0.5 <= waited
        assert leases.outages == 1
        time.sleep(2.1)
        leases.release([1])
        assert leases.outages == 2
        leases.close()


def test_without_redis_in_the_settings_all_is_granted():
    leases = RedisLeases(RedisSettings(), "scope")
    assert leases.claim([1, 2]) == {1, 2}
    assert leases.outages == 0
