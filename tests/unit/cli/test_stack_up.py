import socket

import pytest

from cli.stack.ports import free_ports
from cli.stack.redis_server import redis_process
from cli.stack.stack import down, status, up
from config import load_settings
from imagesearch.errors import ConfigError, StoreUnavailable


def test_a_taken_port_is_told_before_anything_starts(settings):
    with socket.create_server(("127.0.0.1", 0)) as stranger, pytest.raises(ConfigError, match="taken by another program"):
        up(settings, stranger.getsockname()[1])
    assert status(settings.home) == {}
    assert not (settings.home / "run" / "settings.yaml").exists()


def test_a_part_that_does_not_start_stops_those_before_it(settings):
    # A file where Milvus Lite would make its folder.
    (settings.home / "data").mkdir(parents=True)
    (settings.home / "data" / "milvus").write_text("no folder")
    (port,) = free_ports(1)
    heard = []
    with pytest.raises(StoreUnavailable, match=r"milvus\.log") as raised:
        up(settings, port, heard.append)
    assert raised.value.data["store"] == "milvus"
    assert "redis: starting" in heard
    assert status(settings.home) == {}
    assert not list((settings.home / "run").glob("*.json"))
    assert not (settings.home / "ray").is_symlink()
    assert load_settings().ray.dashboard is None


def test_a_part_that_ran_before_is_left_running_when_another_does_not_start(settings):
    redis = redis_process(settings.home, free_ports(1)[0])
    settings.home.mkdir(exist_ok=True)
    redis.start()
    try:
        (settings.home / "data").mkdir()
        (settings.home / "data" / "milvus").write_text("no folder")
        with pytest.raises(StoreUnavailable):
            up(settings, free_ports(1)[0])
        assert list(status(settings.home)) == ["redis"]
    finally:
        assert down(settings.home) == ["redis"]


def test_a_profile_of_real_servers_has_no_stack_to_start(settings):
    with pytest.raises(ConfigError, match="embedded"):
        up(settings.model_copy(update={"embedded": False}))


def test_down_where_nothing_was_ever_started_makes_nothing(tmp_path):
    assert down(tmp_path / "home") == []
    assert not (tmp_path / "home").exists()
