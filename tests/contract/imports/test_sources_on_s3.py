"""Sources on a real S3 server."""

import io
import tarfile

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from config.sections import SourceSettings
from imagesearch.errors import SourceError, SourceForbidden, SourceNotFound, SourceUnavailable
from imagesearch.images import s3_file
from imagesearch.images.s3 import S3
from imagesearch.images.s3_file import S3File
from imagesearch.imports import manifest
from imagesearch.imports.access import Access
from imagesearch.imports.source import Opener
from imagesearch.types import AddRequest, Cursor

KEPT = []


@pytest.fixture
def bucket(s3_server, s3_bucket):
    """A function that stores objects; its `name` is the bucket's."""
    client = boto3.session.Session().client(
        "s3",
        endpoint_url=s3_server.endpoint_url,
        region_name=s3_server.region,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )

    def put(key, data=b"x"):
        client.put_object(Bucket=s3_bucket, Key=key, Body=data)

    put.name = s3_bucket
    yield put
    client.close()


@pytest.fixture
def opened(s3_client, bucket):
    KEPT.clear()
    opener = Opener(s3_client, lambda data, digest: KEPT.append(data) or f"/blobs/{digest[:4]}", 1000)
    access = Access(SourceSettings(s3_prefixes=(f"s3://{bucket.name}",)), trusted=False)
    return lambda key: opener.open(f"s3://{bucket.name}/{key}", "ns", access)


def requests(lines):
    return [line.what for line in lines if isinstance(line.what, AddRequest)]


def test_a_prefix_is_listed_page_by_page_and_goes_on_behind_the_last_key(opened, bucket, monkeypatch):
    monkeypatch.setattr("imagesearch.images.s3.PAGE_KEYS", 3)
    for n in range(10):
        bucket(f"p/{'cats' if n % 2 else 'dogs'}/{n}.jpg")
    bucket("p/readme.md")
    bucket("pp/other.jpg")
    reading = opened("p/")
    whole = list(reading.lines(Cursor()))
    assert [line.number for line in whole] == list(range(1, 12))
    assert {one.info["label"] for one in requests(whole)} == {"cats", "dogs"}
    assert len(requests(whole)) == 10
    for position in (1, 4, 10, 11):
        cursor = Cursor(reading.version, position, whole[position - 1].place)
        assert list(reading.lines(cursor)) == whole[position:]


def test_an_object_that_changed_is_asked_for_again(opened, bucket):
    keys = []
    for data in (b"one", b"one", b"two"):
        bucket("p/a.jpg", data)
        keys.append(requests(opened("p/").lines(Cursor()))[0].idempotency_key)
    assert keys[0] == keys[1] != keys[2]


def test_a_csv_is_read_in_pieces_and_its_paths_are_meant_from_its_folder(opened, bucket, monkeypatch):
    monkeypatch.setattr(manifest, "AHEAD_BYTES", 100)
    bucket(
        "sets/m.csv", b"path,label\n" + b"".join(b"cats/%d.jpg,cat\n" % n for n in range(50)) + b"/abs.jpg,\ns3://other/x.jpg,\n"
    )
    reading = opened("sets/m.csv")
    found = requests(reading.lines(Cursor()))
    assert [one.image_path for one in found[:2]] == [f"s3://{bucket.name}/sets/cats/{n}.jpg" for n in range(2)]
    assert [one.image_path for one in found[-2:]] == ["/abs.jpg", "s3://other/x.jpg"]
    assert [line.number for line in reading.lines(Cursor(reading.version, 50))] == [52, 53]


def test_a_parquet_and_an_archive_are_read(opened, bucket):
    out = io.BytesIO()
    pq.write_table(pa.table({"path": [f"{n}.jpg" for n in range(3000)], "label": ["x"] * 3000}), out, row_group_size=700)
    bucket("m.parquet", out.getvalue())
    assert len(requests(opened("m.parquet").lines(Cursor()))) == 3000
    assert opened("m.parquet").version == opened("m.parquet").version != ""
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as archive:
        for name, data in (("0.jpg", b"a" * 700), ("0.cls", b"3"), ("1.jpg", b"b" * 5000), ("2.jpg", b"c")):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    bucket("m.tar", tar.getvalue())
    lines = list(opened("m.tar").lines(Cursor()))
    assert [len(data) for data in KEPT] == [700, 1]
    assert (lines[0].what.info["label"], lines[1].what.code) == (3, "too_many_bytes")


def test_a_manifest_that_is_replaced_while_it_is_read_breaks_off(opened, bucket, monkeypatch):
    monkeypatch.setattr(manifest, "AHEAD_BYTES", 100)
    for key, data in (("m.csv", b"path\n" + b"/a.jpg\n" * 100), ("m.jsonl", b'{"path": "/a.jpg"}\n' * 100)):
        bucket(key, data)
        lines = opened(key).lines(Cursor())
        next(lines)
        bucket(key, data + b"\n")
        with pytest.raises(SourceError, match="replaced"):
            list(lines)


def test_a_parquet_whose_server_goes_away_keeps_that_error(opened, bucket, monkeypatch):
    out = io.BytesIO()
    pq.write_table(pa.table({"path": [f"{n}.jpg" for n in range(3000)]}), out, row_group_size=100)
    bucket("m.parquet", out.getvalue())
    reading = opened("m.parquet")
    lines = reading.lines(Cursor())
    next(lines)

    def away(*_):
        raise SourceUnavailable("away")

    monkeypatch.setattr(s3_file, "ATTEMPTS", 1)
    monkeypatch.setattr(S3, "get_range", away)
    with pytest.raises(SourceUnavailable):
        list(lines)


def test_a_read_that_failed_in_passing_is_repeated_where_it_was(s3_client, bucket, monkeypatch):
    monkeypatch.setattr(s3_file, "PAUSE_S", 0.0)
    bucket("a.bin", bytes(range(200)))
    size, etag = s3_client.stat(bucket.name, "a.bin")
    real, calls = s3_client.get_range, []

    def flaky(*args):
        calls.append(args)
        if len(calls) % 3:
            raise SourceUnavailable("in passing")
        return real(*args)

    monkeypatch.setattr(s3_client, "get_range", flaky)
    with S3File(s3_client, bucket.name, "a.bin", size, etag) as file:
        assert file.read(10) == bytes(range(10))
        assert file.read(10) == bytes(range(10, 20))
        assert (file.seek(-5, io.SEEK_END), file.read(), file.read()) == (195, bytes(range(195, 200)), b"")
        assert (file.seek(0), file.seek(3, io.SEEK_CUR), file.tell()) == (0, 3, 3)
        with pytest.raises(ValueError):
            file.seek(-1)


def test_what_is_not_there_or_may_not_be_read_is_told(opened, bucket, s3_client):
    with pytest.raises(SourceNotFound):
        opened("nothing.csv")
    assert list(opened("nothing/").lines(Cursor())) == []
    access = Access(SourceSettings(s3_prefixes=("s3://another",)), trusted=False)
    with pytest.raises(SourceForbidden):
        Opener(s3_client, lambda data, digest: "", 1).open(f"s3://{bucket.name}/m.csv", "ns", access)
