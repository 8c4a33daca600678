"""What the text of a URL alone forbids is refused before anything is connected to."""

from __future__ import annotations

import pytest

from config.sections import SourceSettings
from imagesearch.errors import SourceForbidden, SourceInvalid
from imagesearch.images.http_source import HttpSource, Target


@pytest.fixture
def source():
    source = HttpSource(SourceSettings(http=True, http_hosts=("example.com", "*.example.org")), 100)
    yield source
    source.close()


@pytest.mark.parametrize(
    "url",
    [
        "http://",
        "http:///a.jpg",
        "http://exa mple.com/",
        "http://example.com/a\r\nHost: other",
        "http://example.com\\@evil.com/",
        "http://example.com:0/",
        "http://example.com:99999/",
        "http://example.com:port/",
        "http://[::1/",
        "http://exa..mple.com/",
        "http://" + "a" * 64 + ".com/",
        "http://example.com/\ud800",
        "ftp://example.com/a.jpg",
    ],
)
def test_what_is_not_a_url_is_invalid(source, url):
    with pytest.raises(SourceInvalid):
        source.read(url)


@pytest.mark.parametrize("url", ["http://user@example.com/", "http://user:password@example.com/", "http://example.com@evil.com/"])
def test_a_user_name_is_refused(source, url):
    with pytest.raises(SourceForbidden, match="user name"):
        source.read(url)


@pytest.mark.parametrize(
    "host",
    [
        "evil.com",
        "example.com.evil.com",
        "sub.example.com",
        "evilexample.com",
        "example.org",
        "evilexample.org",
        "127.0.0.1",
        "[::1]",
    ],
)
def test_a_host_that_is_not_listed_is_refused(source, host):
    with pytest.raises(SourceForbidden, match="not an allowed host"):
        source.read(f"http://{host}/a.jpg")


@pytest.mark.parametrize(
    ("target", "authority", "url"),
    [
        (Target("http", "example.com", 80, "/a"), "example.com", "http://example.com/a"),
        (Target("https", "example.com", 8443, "/a"), "example.com:8443", "https://example.com:8443/a"),
        (Target("http", "2606:4700::1", 80, "/"), "[2606:4700::1]", "http://[2606:4700::1]/"),
        (Target("http", "2606:4700::1", 81, "/"), "[2606:4700::1]:81", "http://[2606:4700::1]:81/"),
    ],
)
def test_a_target_knows_its_host_header_and_its_url(target, authority, url):
    assert (target.authority, target.url) == (authority, url)
