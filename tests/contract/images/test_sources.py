"""Pictures are read alike from a folder, a real S3 server and a real HTTP server."""

from __future__ import annotations

import threading

import pytest
from pydantic import SecretStr

from config.sections import S3Settings, SourceSettings
from imagesearch.errors import (
    EmptyImage,
    ImageSearchError,
    SourceError,
    SourceForbidden,
    SourceInvalid,
    SourceNotFound,
    SourceTimeout,
    SourceUnavailable,
    TooManyBytes,
)
from imagesearch.images.s3 import S3
from imagesearch.images.sources import Sources
from tests.fixtures.web import DATA, LIMIT


@pytest.fixture(params=["file", "s3", "http"])
def place(request, tmp_path):
    """A place that holds /cat.jpg, /large and /empty, and a reader that may read it."""
    pages = {"cat.jpg": DATA, "large": bytes(LIMIT + 1), "empty": b""}
    if request.param == "file":
        for name, data in pages.items():
            (tmp_path / name).write_bytes(data)
        sources = Sources(SourceSettings(roots=(tmp_path,)), LIMIT, S3(S3Settings()))
        base = tmp_path.as_uri()
    elif request.param == "s3":
        bucket, s3 = request.getfixturevalue("s3_bucket"), request.getfixturevalue("s3_client")
        for name, data in pages.items():
            s3.put(bucket, f"pictures/{name}", data)
        sources = Sources(SourceSettings(s3_prefixes=(f"s3://{bucket}/pictures",)), LIMIT, s3)
        base = f"s3://{bucket}/pictures"
    else:
        web = request.getfixturevalue("web")
        sources = Sources(SourceSettings(http=True, http_private_hosts=(web.place,)), LIMIT, S3(S3Settings()))
        base = f"http://{web.place}"
    yield base, sources
    sources.close()


def test_every_place_gives_the_bytes(place):
    base, sources = place
    assert sources.read(f"{base}/cat.jpg") == DATA


def test_every_place_is_held_to_the_byte_limit(place):
    base, sources = place
    with pytest.raises(TooManyBytes):
        sources.read(f"{base}/large")


def test_every_place_tells_an_empty_picture(place):
    base, sources = place
    with pytest.raises(EmptyImage):
        sources.read(f"{base}/empty")


def test_every_place_tells_what_is_not_there(place):
    base, sources = place
    with pytest.raises(SourceNotFound):
        sources.read(f"{base}/status/404")


def test_every_place_serves_many_threads(place):
    base, sources = place
    found = []
    threads = [threading.Thread(target=lambda: found.append(sources.read(f"{base}/cat.jpg"))) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [DATA] * 12


@pytest.mark.parametrize(
    ("prefix", "readable", "forbidden"),
    [
        ("s3://{0}", "s3://{0}/a/cat.jpg", "s3://{0}2/a/cat.jpg"),
        ("s3://{0}/", "s3://{0}/a/cat.jpg", "s3://{0}2/a/cat.jpg"),
        ("s3://{0}/a", "s3://{0}/a/cat.jpg", "s3://{0}/ab/cat.jpg"),
        ("s3://{0}/a/", "s3://{0}/a/cat.jpg", "s3://{0}/ab/cat.jpg"),
        ("s3://{0}/a/cat.jpg", "s3://{0}/a/cat.jpg", "s3://{0}/a/cat.jpg2"),
        ("s3://", "s3://{0}/ab/cat.jpg", None),
    ],
)
def test_an_s3_prefix_ends_at_a_slash(s3_client, s3_bucket, prefix, readable, forbidden):
    for key in ("a/cat.jpg", "ab/cat.jpg"):
        s3_client.put(s3_bucket, key, DATA)
    sources = Sources(SourceSettings(s3_prefixes=(prefix.format(s3_bucket),)), LIMIT, s3_client)
    assert sources.read(readable.format(s3_bucket)) == DATA
    if forbidden:
        with pytest.raises(SourceForbidden):
            sources.read(forbidden.format(s3_bucket))
    sources.close()


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("short/key", SourceUnavailable),
        ("nonsense/key", SourceUnavailable),
        ("status/503", SourceUnavailable),
        ("status/429", SourceUnavailable),
        ("status/403", SourceForbidden),
        ("status/404", SourceNotFound),
        ("status/400", SourceError),
        ("endless/key", TooManyBytes),
        ("large/key", TooManyBytes),
        ("silent/key", SourceTimeout),
    ],
)
def test_an_s3_server_that_misbehaves_raises_our_errors(web, path, error):
    s3 = S3(
        S3Settings(
            endpoint_url=f"http://{web.place}",
            region="us-east-1",
            access_key_id=SecretStr("k"),
            secret_access_key=SecretStr("s"),
            timeout_s=0.5,
        )
    )
    bucket, _, key = path.partition("/")
    with pytest.raises(ImageSearchError) as caught:
        s3.get(bucket, key, LIMIT)
    assert caught.type is error
    s3.close()


def test_dots_in_a_key_lead_nowhere(s3_client, s3_bucket):
    sources = Sources(SourceSettings(s3_prefixes=(f"s3://{s3_bucket}/a",)), LIMIT, s3_client)
    with pytest.raises(SourceInvalid):
        sources.read(f"s3://{s3_bucket}/a/../secret.jpg")
    sources.close()
