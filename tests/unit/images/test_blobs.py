"""A folder of uploads is whole or says that it is not available."""

from __future__ import annotations

import subprocess
import sys

import pytest

from config.sections import BlobSettings, S3Settings
from imagesearch.errors import ConfigError, StoreUnavailable
from imagesearch.images.blobs import FolderBlobs, S3Blobs, open_blobs
from imagesearch.images.hashes import content_hash
from imagesearch.images.s3 import S3

DATA = bytes(100_000)


# In a process of its own: the limit would also end the growth of a file that the tests' own output goes to.
ON_A_FULL_DISK = """
import pathlib, resource, signal, sys
from imagesearch.errors import StoreUnavailable
from imagesearch.images.blobs import FolderBlobs

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1024, 1024))
blobs = FolderBlobs(pathlib.Path(sys.argv[1]))
for write in (lambda: blobs.put(bytes(100_000), "ab" * 32), blobs.ping):
    try:
        write()
    except StoreUnavailable as exc:
        assert exc.data == {"store": "blobs"}, exc.data
        assert sys.argv[1] not in exc.detail, exc.detail
    else:
        raise AssertionError("the full disk was not noticed")
"""


def test_a_full_disk_is_an_unavailable_store_and_leaves_nothing_behind(tmp_path):
    done = subprocess.run([sys.executable, "-c", ON_A_FULL_DISK, str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_place_that_is_no_folder_is_an_unavailable_store(tmp_path):
    (tmp_path / "file").touch()
    blobs = FolderBlobs(tmp_path / "file" / "blobs")
    with pytest.raises(StoreUnavailable):
        blobs.ping()
    with pytest.raises(StoreUnavailable):
        blobs.put(b"data", content_hash(b"data"))


def test_a_file_that_is_cut_short_is_written_again(tmp_path):
    blobs = FolderBlobs(tmp_path)
    path = tmp_path / content_hash(DATA)[:2] / content_hash(DATA)
    path.parent.mkdir()
    path.write_bytes(DATA[:10])
    assert blobs.put(DATA, content_hash(DATA)) == str(path)
    assert path.read_bytes() == DATA


def test_the_settings_choose_the_place(tmp_path):
    s3 = S3(S3Settings())
    folder = open_blobs(BlobSettings(uri=str(tmp_path)), s3)
    bucket = open_blobs(BlobSettings(uri="s3://bucket/uploads"), s3)
    assert isinstance(folder, FolderBlobs)
    assert folder.readable == (str(tmp_path),)
    assert isinstance(bucket, S3Blobs)
    assert bucket.readable == ("s3://bucket/uploads/",)
    with pytest.raises(ConfigError, match=r"blobs\.uri"):
        open_blobs(BlobSettings(uri="s3://"), s3)
