import socket

import pytest

from cli.stack import ports
from cli.stack.ports import LOOPBACK, free_ports, listens


@pytest.fixture
def connections_from(tmp_path, monkeypatch):
    """Say that outgoing connections take their ports from here on."""

    def said(words):
        path = tmp_path / "ip_local_port_range"
        path.write_text(words)
        monkeypatch.setattr(ports, "EPHEMERAL", path)

    return said


def test_free_ports_differ_and_nobody_listens_on_them():
    chosen = free_ports(10)
    assert len(set(chosen)) == 10
    assert not any(listens(port) for port in chosen)


def test_no_connection_can_take_a_port_that_was_chosen(connections_from):
    connections_from("20000\t60999\n")
    assert all(12_000 <= port < 20_000 for port in free_ports(100))


def test_a_port_that_is_bound_is_not_chosen(connections_from):
    connections_from("12002 60999")
    with socket.socket() as taken:
        taken.bind((LOOPBACK, 12_000))
        assert 12_000 not in free_ports(2)


@pytest.mark.parametrize("words", ["1024 65535", "", "what", "12000"])
def test_without_room_below_the_connections_any_free_port_will_do(connections_from, words):
    connections_from(words)
    chosen = free_ports(5)
    assert len(set(chosen)) == 5


def test_a_system_that_says_nothing_of_its_ports_still_gives_free_ones(monkeypatch, tmp_path):
    monkeypatch.setattr(ports, "EPHEMERAL", tmp_path / "missing")
    assert len(set(free_ports(3))) == 3
