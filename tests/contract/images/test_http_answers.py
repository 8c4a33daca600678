"""Whatever a web server answers, a fetch ends in time, within its limit, with bytes or an error of ours."""

from __future__ import annotations

import socketserver
from http.server import BaseHTTPRequestHandler

import pytest

from imagesearch.errors import (
    SourceError,
    SourceForbidden,
    SourceInvalid,
    SourceNotFound,
    SourceTimeout,
    SourceUnavailable,
    TooManyBytes,
)
from tests.fixtures.web import DATA


def test_a_request_carries_a_name_and_nothing_personal(web, reader, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    assert reader(web.place)(f"http://{web.place}/cat.jpg?a=1&b=%20#part") == DATA
    ((path, headers),) = web.seen
    assert path == "/cat.jpg?a=1&b=%20"
    assert headers["host"] == web.place
    assert headers["user-agent"].startswith("ray-imagesearch/")
    assert headers["accept-encoding"] == "identity"
    assert set(headers) == {"host", "user-agent", "accept", "accept-encoding"}


def test_a_path_that_is_not_ascii_is_escaped(web, reader):
    assert reader(web.place)(f"http://{web.place}/кот.jpg?имя=кот") == DATA
    assert web.seen[0][0] == "/%D0%BA%D0%BE%D1%82.jpg?%D0%B8%D0%BC%D1%8F=%D0%BA%D0%BE%D1%82"


def test_redirects_are_followed_and_counted(web, reader):
    read = reader(web.place, http_redirects=3)
    assert read(f"http://{web.place}/hops/3") == DATA
    for path in ("hops/4", "loop"):
        with pytest.raises(SourceError, match="redirects more than 3"):
            read(f"http://{web.place}/{path}")


@pytest.mark.parametrize(
    ("location", "error"),
    [
        ("http://127.0.0.1:9/cat.jpg", SourceForbidden),
        ("http://localhost/cat.jpg", SourceForbidden),
        ("//169.254.169.254/latest/meta-data/", SourceForbidden),
        ("http://user@127.0.0.1:{port}/cat.jpg", SourceForbidden),
        ("file:///etc/passwd", SourceInvalid),
        ("s3://bucket/key", SourceInvalid),
        ("http://[bad/", SourceInvalid),
    ],
)
def test_a_redirect_is_checked_like_the_first_url(web, reader, location, error):
    with pytest.raises(error):
        reader(web.place)(f"http://{web.place}/to/{location.format(port=web.server_port)}")
    assert len(web.seen) == 1


def test_a_redirect_that_parsers_disagree_about_is_refused(web, reader):
    # The backslash travels as an escape, for the first URL must not hold one, and the page sends it back as it is.
    with pytest.raises(SourceInvalid):
        reader(web.place)(f"http://{web.place}/raw/http:%5C%5Cevil.com")
    assert len(web.seen) == 1


def test_a_redirect_to_a_host_that_is_not_listed_is_refused(web, reader):
    with pytest.raises(SourceForbidden, match="not an allowed host"):
        reader(web.place, http_hosts=("127.0.0.1",))(f"http://{web.place}/to/http://localhost:{web.server_port}/cat.jpg")


@pytest.mark.parametrize("path", ["endless", "large"])
def test_a_body_over_the_limit_is_cut_off(web, reader, path):
    with pytest.raises(TooManyBytes):
        reader(web.place)(f"http://{web.place}/{path}")


@pytest.mark.parametrize("path", ["drip", "silent", "headers"])
def test_one_deadline_holds_for_everything(web, reader, path):
    with pytest.raises(SourceTimeout):
        reader(web.place, http_timeout_s=0.5)(f"http://{web.place}/{path}")


@pytest.mark.parametrize("path", ["short", "nonsense"])
def test_a_broken_answer_may_be_tried_again(web, reader, path):
    with pytest.raises(SourceUnavailable):
        reader(web.place)(f"http://{web.place}/{path}")


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (204, SourceError),
        (304, SourceError),
        (400, SourceError),
        (401, SourceForbidden),
        (403, SourceForbidden),
        (404, SourceNotFound),
        (410, SourceNotFound),
        (408, SourceTimeout),
        (418, SourceError),
        (429, SourceUnavailable),
        (500, SourceUnavailable),
        (503, SourceUnavailable),
    ],
)
def test_an_answer_of_the_server_becomes_an_error_of_ours(web, reader, status, error):
    with pytest.raises(SourceError) as caught:
        reader(web.place)(f"http://{web.place}/status/{status}")
    assert caught.type is error


def test_a_redirect_without_a_target_is_an_error(web, reader):
    with pytest.raises(SourceError):
        reader(web.place)(f"http://{web.place}/nowhere")


def test_nobody_at_the_port_may_be_tried_again(reader):
    with socketserver.TCPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as gone:
        place = f"127.0.0.1:{gone.server_address[1]}"
    with pytest.raises(SourceUnavailable):
        reader(place)(f"http://{place}/cat.jpg")
