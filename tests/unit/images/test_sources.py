"""A path goes to the reader of its scheme, and a path of no scheme that we read goes nowhere."""

from __future__ import annotations

import pytest

from config.sections import S3Settings, SourceSettings
from imagesearch.errors import SourceForbidden, SourceInvalid
from imagesearch.images.s3 import S3
from imagesearch.images.sources import Sources


@pytest.fixture
def sources(tmp_path):
    sources = Sources(SourceSettings(roots=(tmp_path / "roots",)), 100, S3(S3Settings()), readable=(str(tmp_path / "blobs"),))
    yield sources
    sources.close()


def test_the_place_of_uploads_is_readable_beside_the_roots(sources, tmp_path):
    for folder in ("roots", "blobs"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.jpg").write_bytes(b"a")
        assert sources.read(str(tmp_path / folder / "a.jpg")) == b"a"
        assert sources.read((tmp_path / folder / "a.jpg").as_uri()) == b"a"


@pytest.mark.parametrize(
    "path",
    [
        "",
        "a.jpg",
        "ftp://host/a",
        "data:image/png;base64,AA==",
        "gopher://host/",
        "file:/etc/passwd",
        "://",
        "C:\\a.jpg",
        "/a\0",
        "/" + "a" * 4096,
    ],
)
def test_a_path_of_no_known_form_is_invalid(sources, path):
    with pytest.raises(SourceInvalid):
        sources.read(path)


def test_http_is_off_unless_it_is_on(sources):
    for url in ("http://example.com/a.jpg", "HTTPS://example.com/a.jpg"):
        with pytest.raises(SourceForbidden, match="HTTP"):
            sources.read(url)


def test_no_bucket_is_readable_unless_a_prefix_says_so(sources):
    with pytest.raises(SourceForbidden):
        sources.read("s3://bucket/a.jpg")
    with pytest.raises(SourceInvalid):
        sources.read("s3://bucket")
