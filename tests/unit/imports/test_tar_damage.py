"""Archives that are damaged or cut, by accident or on purpose: each is said to be, with the place."""

import io
import subprocess
import tarfile
from pathlib import Path

import pytest

from imagesearch.errors import BadManifest, SourceUnavailable
from imagesearch.images.s3_file import S3File
from imagesearch.imports.manifest import Manifest, local_manifest
from imagesearch.imports.webdataset import WebDataset
from imagesearch.types import AddRequest, Cursor

BLOCK = tarfile.BLOCKSIZE
# A header and one block of data.
MEMBER = 2 * BLOCK


@pytest.fixture
def archive():
    """Return the bytes of an archive of five pictures, the third with attributes of its own where there are any."""

    def make(attributes=None):
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
            for n in range(5):
                info = tarfile.TarInfo(f"{n}.jpg")
                info.size = 10
                if n == 2 and attributes:
                    info.pax_headers = attributes
                tar.addfile(info, io.BytesIO(b"%010d" % n))
        return out.getvalue()

    return make


@pytest.fixture(params=["local", "s3"])
def read(request, tmp_path):
    """Read an archive of these bytes, from this machine and from S3; returns the pictures, and the error that it broke off with."""

    def manifest(data):
        if request.param == "s3":
            return Manifest("a.tar", "s3://b", "1", len(data), lambda: S3File(Objects(data), "b", "a.tar", len(data), "1"))
        (tmp_path / "a.tar").write_bytes(data)
        return local_manifest(tmp_path / "a.tar", str(tmp_path))

    def read_it(data):
        found = []
        try:
            for line in WebDataset(manifest(data), "ns", 1000, lambda data, digest: "/x").lines(Cursor()):
                assert isinstance(line.what, AddRequest)
                found.append(line.place)
        except BadManifest as exc:
            return found, exc.detail
        return found, None

    return read_it


class Objects:
    """An S3 of one object."""

    def __init__(self, data):
        self._data = data

    def get_range(self, bucket, key, start, end, etag):
        return self._data[start:end]


WHOLE = [f"{n}.jpg" for n in range(5)]


def test_a_whole_archive_is_read_to_its_end(archive, read):
    assert read(archive()) == (WHOLE, None)


@pytest.mark.parametrize("zeros", [1, 2, 3, 20])
def test_one_block_of_zeros_is_an_end(archive, read, zeros):
    assert read(archive()[: 5 * MEMBER] + bytes(zeros * BLOCK)) == (WHOLE, None)


@pytest.mark.parametrize("kind", ["v7", "ustar", "gnu", "pax"])
def test_what_gnu_tar_writes_is_whole(tmp_path, read, kind):
    for name in WHOLE:
        (tmp_path / name).write_bytes(b"x" * 700)
    subprocess.run(["tar", f"--format={kind}", "-cf", "made.tar", *WHOLE], cwd=tmp_path, check=True)
    assert read((tmp_path / "made.tar").read_bytes()) == (WHOLE, None)


@pytest.mark.parametrize("damage", [b"\xff" * 512, b"\0" * 100, b"no header" * 50])
def test_a_damaged_header_is_no_end(archive, read, damage):
    data = bytearray(archive())
    data[2 * MEMBER : 2 * MEMBER + len(damage)] = damage
    found, error = read(bytes(data))
    assert found == ["0.jpg"]
    assert f"at byte {2 * MEMBER} " in error


@pytest.mark.parametrize("more", [0, 1, 100, 511])
def test_an_archive_that_is_cut_between_two_members_is_no_whole_one(archive, read, more):
    found, error = read(archive()[: 3 * MEMBER] + archive()[3 * MEMBER : 3 * MEMBER + more])
    assert found == ["0.jpg", "1.jpg"]
    assert f"at byte {3 * MEMBER} " in error


def test_an_archive_that_is_cut_within_its_last_zeros_is_not_whole(archive, read):
    assert f"at byte {5 * MEMBER} " in read(archive()[: 5 * MEMBER + 100])[1]


@pytest.mark.parametrize("size", ["9" * 26, "1" + "0" * 17, "-5", "-1024", "100000"])
def test_a_size_that_attributes_make_absurd_ends_the_archive(archive, read, size):
    found, error = read(archive({"size": size}))
    assert found == ["0.jpg"]
    assert f"at byte {2 * MEMBER} " in error


@pytest.mark.parametrize("attributes", [{"GNU.sparse.realsize": "many"}, {"GNU.sparse.map": "0,x"}])
def test_attributes_that_are_no_numbers_end_the_archive(archive, read, attributes):
    found, error = read(archive(attributes))
    assert found == ["0.jpg"]
    assert "breaks off" in error


@pytest.mark.parametrize("size", [10**25, 10**17])
def test_a_size_in_base_256_that_no_file_has_ends_the_archive(archive, read, size):
    data = bytearray(archive())
    header = data[2 * MEMBER : 2 * MEMBER + BLOCK]
    header[124:136] = b"\x80" + size.to_bytes(11, "big")
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    data[2 * MEMBER : 2 * MEMBER + BLOCK] = header
    found, error = read(bytes(data))
    assert found == ["0.jpg"]
    assert f"at byte {2 * MEMBER} " in error


def test_a_disk_that_fails_is_a_source_that_may_be_back():
    # Linux: a file of which nobody can read the first bytes.
    manifest = local_manifest(Path("/proc/self/mem"), "/")
    with pytest.raises(SourceUnavailable):
        list(WebDataset(manifest, "ns", 1000, lambda data, digest: "/x").lines(Cursor()))
