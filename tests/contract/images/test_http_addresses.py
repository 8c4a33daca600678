"""No name, number, redirect or second lookup leads a fetch into a private network."""

from __future__ import annotations

import socket
import threading

import pytest

from imagesearch.errors import (
    SourceForbidden,
    SourceNotFound,
    SourceTimeout,
    SourceUnavailable,
)
from tests.fixtures.web import DATA


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "LOCALHOST",
        "localhost.",
        "127.1",
        "2130706433",
        "0x7f.1",
        "0177.0.0.1",
        "0",
        "0.0.0.0",
        "[::]",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "127。0。0。1",
        "169.254.169.254",
        "10.0.0.1",
    ],
)
def test_a_private_address_is_refused_in_every_spelling(web, reader, host):
    with pytest.raises(SourceForbidden, match="public internet"):
        reader()(f"http://{host}:{web.server_port}/cat.jpg")
    assert web.seen == []


def test_an_allowance_is_for_one_host_and_one_port(web, reader):
    read = reader(f"127.0.0.1:{web.server_port + 1}", f"other:{web.server_port}")
    with pytest.raises(SourceForbidden):
        read(f"http://{web.place}/cat.jpg")
    assert reader(f"LocalHost:{web.server_port}")(f"http://localhost:{web.server_port}/cat.jpg") == DATA


def test_one_private_address_among_public_ones_is_enough_to_refuse(web, reader, monkeypatch):
    def resolve(host, port, *args, **kwargs):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in ("1.1.1.1", "127.0.0.1")]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with pytest.raises(SourceForbidden):
        reader()(f"http://rebound.example:{web.server_port}/cat.jpg")
    assert web.seen == []


def test_a_name_is_looked_up_once_and_the_checked_address_is_the_one_connected_to(web, reader, monkeypatch):
    lookups = []
    real = socket.getaddrinfo

    def resolve(host, port, *args, **kwargs):
        if host != "pictures.example":
            return real(host, port, *args, **kwargs)
        lookups.append(host)
        address = "127.0.0.1" if len(lookups) == 1 else "10.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    assert reader(f"pictures.example:{web.server_port}")(f"http://pictures.example:{web.server_port}/cat.jpg") == DATA
    assert lookups == ["pictures.example"]
    assert web.seen[0][1]["host"] == f"pictures.example:{web.server_port}"


@pytest.mark.parametrize(("number", "error"), [(socket.EAI_NONAME, SourceNotFound), (socket.EAI_AGAIN, SourceUnavailable)])
def test_a_name_that_does_not_resolve_is_told_from_a_resolver_that_fails(reader, monkeypatch, number, error):
    def resolve(*args, **kwargs):
        raise socket.gaierror(number, "no")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with pytest.raises(error):
        reader()("http://pictures.example/cat.jpg")


def test_a_resolver_that_hangs_does_not_hold_the_fetch(reader, monkeypatch):
    done = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: done.wait(30) and [])
    with pytest.raises(SourceTimeout):
        reader(http_timeout_s=0.3)("http://pictures.example/cat.jpg")
    done.set()


def test_tls_that_does_not_shake_hands_is_unavailable(web, reader):
    with pytest.raises(SourceUnavailable):
        reader(web.place)(f"https://{web.place}/cat.jpg")


def test_tls_is_checked_against_the_name_of_the_url(secure_web, reader):
    port = secure_web.server_port
    read = reader(f"pictures.example:{port}", f"impostor.example:{port}")
    assert read(f"https://pictures.example:{port}/cat.jpg") == DATA
    with pytest.raises(SourceUnavailable):
        read(f"https://impostor.example:{port}/cat.jpg")


def test_a_redirect_from_https_to_http_is_refused(secure_web, reader):
    port = secure_web.server_port
    with pytest.raises(SourceForbidden, match="from https to http"):
        reader(f"pictures.example:{port}")(f"https://pictures.example:{port}/to/http://pictures.example:{port}/cat.jpg")
