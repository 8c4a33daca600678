import json
import stat
import subprocess
import sys

import pytest

from cli.stack import haproxy, loopback_haproxy

# As Ray 2.60 writes it, but for what matters to nobody here.
WRITTEN = """global
    stats socket /run/admin.sock mode 666 level admin expose-fd listeners
defaults
    mode http
    timeout client 3600s
    errorfile 502 /srv/500.http
    errorfile 503 /srv/500.http
    errorfile 504 /srv/500.http
frontend prometheus
    bind :9101
    mode http
frontend http_frontend
    bind 127.0.0.1:8000
listen stats
  bind *:8404
  stats enable
"""
PORTS = (8404, 9101, 8500)


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "haproxy.cfg"
    path.write_text(WRITTEN)
    return path


def test_no_listener_is_left_on_every_address(config):
    loopback_haproxy.mend(config)
    listeners = [line.split()[1] for line in config.read_text().splitlines() if line.split()[0] == "bind"]
    assert listeners == ["127.0.0.1:9101", "127.0.0.1:8000", "127.0.0.1:8404"]


def test_a_header_has_its_time(config):
    loopback_haproxy.mend(config)
    defaults = config.read_text().partition("frontend")[0]
    assert f"timeout http-request {loopback_haproxy.HEADER_TIMEOUT_S}s" in defaults


def test_a_time_for_headers_that_is_set_already_is_left(config):
    config.write_text(WRITTEN.replace("    timeout client", "    timeout http-request 5s\n    timeout client"))
    loopback_haproxy.mend(config)
    assert config.read_text().count("timeout http-request") == 1


@pytest.mark.parametrize("status", [502, 503, 504])
def test_what_haproxy_answers_by_itself_is_a_problem_with_its_own_status(config, status):
    loopback_haproxy.mend(config)
    (line,) = [line for line in config.read_text().splitlines() if f"errorfile {status}" in line]
    head, _, body = config.with_name(line.split("/")[-1]).read_bytes().partition(b"\r\n\r\n")
    assert str(config.with_name(f"{status}.http")) in line
    assert head.startswith(f"HTTP/1.1 {status} ".encode())
    assert f"Content-Length: {len(body)}".encode() in head
    assert b"Retry-After: 1" in head
    assert json.loads(body)["status"] == status


def test_what_was_mended_stays_as_it_is(config):
    loopback_haproxy.mend(config)
    once = config.read_text()
    loopback_haproxy.mend(config)
    assert config.read_text() == once


@pytest.mark.skipif(sys.platform != "linux", reason="HAProxy comes with Ray for Linux")
def test_the_program_mends_and_becomes_haproxy(tmp_path, config):
    variables = haproxy.behind_haproxy(tmp_path / "a home", tmp_path, *PORTS)
    program = variables["RAY_SERVE_HAPROXY_BINARY_PATH"]
    # -c: it judges the configuration, and ends.
    done = subprocess.run([program, "-c", "-f", config], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "bind *:" not in config.read_text()
    assert subprocess.run([program, "-v", "-f", config], capture_output=True, text=True).stdout.startswith("HAProxy version")


@pytest.mark.skipif(sys.platform != "linux", reason="HAProxy comes with Ray for Linux")
def test_only_its_user_may_write_what_ray_runs(tmp_path):
    program = haproxy.behind_haproxy(tmp_path, tmp_path, *PORTS)["RAY_SERVE_HAPROXY_BINARY_PATH"]
    assert stat.S_IMODE((tmp_path / "run" / "haproxy").stat().st_mode) == 0o700
    assert program == str(tmp_path / "run" / "haproxy")


@pytest.mark.skipif(sys.platform != "linux", reason="HAProxy comes with Ray for Linux")
def test_haproxy_s_files_are_its_user_s_alone_wherever_they_lie(tmp_path):
    """Its socket takes orders of whoever opens it, and Ray lets everybody into its folder."""
    variables = haproxy.behind_haproxy(tmp_path / "home", tmp_path / "ray", *PORTS)
    private = tmp_path / "ray" / haproxy.FILES
    assert stat.S_IMODE(private.stat().st_mode) == 0o700
    files = [one for name, one in variables.items() if name.endswith(("_SOCKET_PATH", "_FILE_LOC", "_STATE_BASE", "_STATE_FILE"))]
    assert len(files) == 5
    assert all(one.startswith(str(private)) for one in files)


def test_without_haproxy_serve_s_own_proxy_stands_in_front(tmp_path, monkeypatch):
    monkeypatch.setattr(haproxy, "_binary", lambda: None)
    assert haproxy.behind_haproxy(tmp_path, tmp_path, *PORTS) == {}
