"""Uploads are kept the same way in a folder and on a real S3 server."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from config.sections import BlobSettings, S3Settings, SourceSettings
from imagesearch.errors import SourceForbidden, SourceNotFound, SourceUnavailable, StoreUnavailable, TooManyBytes
from imagesearch.images.blobs import open_blobs
from imagesearch.images.hashes import content_hash
from imagesearch.images.s3 import S3
from imagesearch.images.sources import Sources

DATA = b"the bytes of a picture"
HASH = content_hash(DATA)


@pytest.fixture(params=["folder", "s3"])
def uri(request, tmp_path):
    if request.param == "folder":
        return str(tmp_path / "blobs")
    return f"s3://{request.getfixturevalue('s3_bucket')}/uploads"


@pytest.fixture
def blobs(uri, s3_client):
    return open_blobs(BlobSettings(uri=uri), s3_client)


def test_what_is_put_is_read_back_under_the_returned_path(blobs, uri, s3_client):
    path = blobs.put(DATA, HASH)
    assert path == f"{uri}/{HASH[:2]}/{HASH}"
    sources = Sources(SourceSettings(), 1000, s3_client, readable=blobs.readable)
    assert sources.read(path) == DATA
    sources.close()


def test_the_same_bytes_again_are_the_same_path(blobs):
    assert blobs.put(DATA, HASH) == blobs.put(DATA, HASH)


def test_only_the_place_of_uploads_becomes_readable(blobs, uri, s3_client):
    sources = Sources(SourceSettings(), 1000, s3_client, readable=blobs.readable)
    for path in (f"{uri}2/{HASH[:2]}/{HASH}", uri.rpartition("/")[0] + "/other"):
        with pytest.raises(SourceForbidden):
            sources.read(path)
    sources.close()


def test_a_place_that_works_answers_a_ping(blobs):
    blobs.ping()
    blobs.ping()


def test_one_object_is_kept_and_not_sent_twice(s3_client, s3_bucket):
    blobs = open_blobs(BlobSettings(uri=f"s3://{s3_bucket}"), s3_client)
    path = blobs.put(DATA, HASH)
    assert path == f"s3://{s3_bucket}/{HASH[:2]}/{HASH}"
    first = list(s3_client.list(s3_bucket, ""))
    blobs.put(DATA, HASH)
    assert list(s3_client.list(s3_bucket, "")) == first
    assert [(key, size) for key, size, _ in first] == [(f"{HASH[:2]}/{HASH}", len(DATA))]


def test_a_bucket_that_is_missing_is_an_unavailable_store(s3_client):
    blobs = open_blobs(BlobSettings(uri="s3://no-such-bucket/uploads"), s3_client)
    for attempt in (blobs.ping, lambda: blobs.put(DATA, HASH)):
        with pytest.raises(StoreUnavailable) as caught:
            attempt()
        assert caught.value.data == {"store": "blobs"}


def test_a_server_that_is_down_is_unavailable():
    s3 = S3(
        S3Settings(
            endpoint_url="http://127.0.0.1:9",
            region="us-east-1",
            access_key_id=SecretStr("k"),
            secret_access_key=SecretStr("s"),
            timeout_s=2,
        )
    )
    blobs = open_blobs(BlobSettings(uri="s3://bucket/uploads"), s3)
    with pytest.raises(StoreUnavailable):
        blobs.ping()
    with pytest.raises(StoreUnavailable):
        blobs.put(DATA, HASH)
    with pytest.raises(SourceUnavailable):
        s3.get("bucket", "key", 100)
    with pytest.raises(SourceUnavailable):
        list(s3.list("bucket", ""))
    s3.close()


def test_listing_crosses_pages_and_keeps_to_the_prefix(s3_client, s3_bucket, monkeypatch):
    monkeypatch.setattr("imagesearch.images.s3.PAGE_KEYS", 2)
    for number in range(5):
        s3_client.put(s3_bucket, f"many/{number}.jpg", b"x" * number)
    s3_client.put(s3_bucket, "other/a.jpg", b"x")
    listed = list(s3_client.list(s3_bucket, "many/"))
    assert [(key, size) for key, size, _ in listed] == [(f"many/{number}.jpg", number) for number in range(5)]
    assert len({etag for _, _, etag in listed}) == 5


def test_exists_knows_sizes(s3_client, s3_bucket):
    assert not s3_client.exists(s3_bucket, "key")
    s3_client.put(s3_bucket, "key", DATA)
    assert s3_client.exists(s3_bucket, "key")
    assert s3_client.exists(s3_bucket, "key", byte_size=len(DATA))
    assert not s3_client.exists(s3_bucket, "key", byte_size=1)


def test_reading_is_bounded_and_absence_is_told(s3_client, s3_bucket):
    s3_client.put(s3_bucket, "key", DATA)
    assert s3_client.get(s3_bucket, "key", len(DATA)) == DATA
    with pytest.raises(TooManyBytes):
        s3_client.get(s3_bucket, "key", len(DATA) - 1)
    for place in ((s3_bucket, "missing"), ("no-such-bucket", "key")):
        with pytest.raises(SourceNotFound):
            s3_client.get(*place, 100)
    with pytest.raises(SourceNotFound):
        list(s3_client.list("no-such-bucket", ""))


def test_a_closed_client_opens_again(s3_client, s3_bucket):
    s3_client.put(s3_bucket, "key", DATA)
    s3_client.close()
    assert s3_client.get(s3_bucket, "key", 100) == DATA
