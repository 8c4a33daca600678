"""A job finds its cluster, or says within seconds that there is none: before it has claimed what others could do."""

from __future__ import annotations

import socket
import time

import pytest

from config import load_settings
from imagesearch.errors import StoreUnavailable
from jobs.cluster import connected, reached
from jobs.driver import drive


@pytest.fixture
def at(monkeypatch):
    """Return the settings of a machine whose cluster is said to be at an address."""

    def settings(address):
        monkeypatch.delenv("RAY_ADDRESS", raising=False)
        if address is not None:
            monkeypatch.setenv("IMAGESEARCH_RAY__ADDRESS", address)
        return load_settings()

    return settings


@pytest.fixture
def nobody():
    """A port of this machine that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    return f"127.0.0.1:{port}"


class Untouched:
    """A load that is not to be begun."""

    def __enter__(self):
        raise AssertionError("it would claim rows")

    def __exit__(self, *_):
        pass


def test_a_cluster_that_is_away_is_told_at_once_and_nothing_is_claimed(at, nobody):
    settings = at(nobody)
    started = time.monotonic()
    with pytest.raises(StoreUnavailable, match=f"no Ray cluster answers at {nobody}.*imagesearch up") as caught:
        drive(settings, Untouched())
    assert caught.value.data["store"] == "ray"
    with pytest.raises(StoreUnavailable, match=nobody), connected(settings):
        pass
    # Ray's own tries take a quarter of an hour.
    assert time.monotonic() - started < 60


def test_without_an_address_it_says_what_to_do(at):
    with pytest.raises(StoreUnavailable, match="no Ray cluster is known; run `imagesearch up`"):
        reached(at(None))


@pytest.mark.parametrize("address", ["127.0.0.1:port", "127.0.0.1:99999", "[::1:6379"])
def test_what_is_no_address_is_told_as_that(at, address):
    with pytest.raises(StoreUnavailable, match="no Ray cluster answers at"):
        reached(at(address))


def test_where_something_listens_ray_is_asked_and_its_own_words_are_left_to_it(at, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        assert reached(at(address)) == address
        assert reached(at(f"ray://{address}")) == f"ray://{address}"
        # A submitted job's own variable wins.
        settings = at("127.0.0.1:1")
        monkeypatch.setenv("RAY_ADDRESS", address)
        assert reached(settings) == address
    assert reached(at("auto")) == "auto"
