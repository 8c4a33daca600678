import os
import shutil
import stat

import pytest

from cli.stack.ports import LOOPBACK
from cli.stack.ray_node import SOCKET_PATH_LIMIT, RayPorts, ray_folder, ray_process, remove_ray_folder, token_file


@pytest.fixture
def long_home(tmp_path):
    home = tmp_path / ("long" * 30)
    home.mkdir()
    yield home
    remove_ray_folder(home)


@pytest.fixture
def short_home(tmp_path, monkeypatch):
    """A home whose sockets Ray can open whatever pytest's own folder is called."""
    monkeypatch.setattr("cli.stack.ray_node.SOCKET_PATH_LIMIT", len(os.fsencode(tmp_path)) + 100)
    return tmp_path


def test_every_port_and_address_of_the_node_is_chosen(short_home, settings):
    ports = RayPorts.free()
    command = ray_process(settings.model_copy(update={"home": short_home}), ports).command
    assert f"--node-ip-address={LOOPBACK}" in command
    assert f"--dashboard-host={LOOPBACK}" in command
    for port in (ports.gcs, ports.dashboard, ports.agent, ports.client, ports.metrics, ports.node, ports.objects):
        assert any(word.endswith(f"={port}") for word in command)


def test_the_node_says_its_address_and_its_token_whatever_the_users_shell_says(short_home, settings, monkeypatch):
    monkeypatch.setenv("RAY_ADDRESS", "192.0.2.1:6379")
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    monkeypatch.setenv("RAY_AUTH_TOKEN", "another cluster's")
    ports = RayPorts.free()
    env = ray_process(settings.model_copy(update={"home": short_home}), ports).env
    assert env["RAY_ADDRESS"] == f"{LOOPBACK}:{ports.gcs}"
    assert env["RAY_AUTH_MODE"] == "token"
    assert env["RAY_AUTH_TOKEN"] == ""
    assert env["RAY_AUTH_TOKEN_PATH"] == str(token_file(short_home))


def test_rays_files_lie_under_home_where_its_sockets_can(short_home):
    assert ray_folder(short_home) == short_home / "ray"


def test_a_home_with_a_long_path_gets_a_short_folder_of_its_own(long_home):
    folder = ray_folder(long_home)
    assert len(os.fsencode(folder)) < SOCKET_PATH_LIMIT / 2
    # Ray opens its folder to everybody.
    assert stat.S_IMODE(folder.parent.stat().st_mode) == 0o700
    assert ray_folder(long_home) == folder


def test_a_short_folder_that_was_cleaned_away_is_made_anew(long_home):
    first = ray_folder(long_home)
    shutil.rmtree(first.parent)
    assert ray_folder(long_home).is_dir()


def test_removing_rays_files_removes_the_short_folder_too(long_home):
    folder = ray_folder(long_home)
    (folder / "session").mkdir()
    remove_ray_folder(long_home)
    assert not folder.parent.exists()
    assert not (long_home / "ray").is_symlink()
    remove_ray_folder(long_home)


def test_the_folder_of_an_earlier_version_is_removed_and_not_what_lies_beside_it(long_home, tmp_path):
    other, earlier = tmp_path / "other", tmp_path / "imagesearch-1234"
    other.mkdir()
    earlier.mkdir()
    (long_home / "ray").symlink_to(earlier)
    remove_ray_folder(long_home)
    assert other.exists()
    assert not earlier.exists()


def test_the_token_is_made_once_and_is_this_users_alone(tmp_path):
    path = token_file(tmp_path)
    token = path.read_text()
    assert len(token) == 64
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert token_file(tmp_path).read_text() == token
