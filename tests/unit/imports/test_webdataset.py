"""Samples of a tar archive, honest ones and others."""

import io
import json
import tarfile
import tracemalloc

import pytest

from imagesearch.errors import BadLine, BadManifest, ImageError, TooManyBytes
from imagesearch.images.hashes import content_hash
from imagesearch.imports.manifest import local_manifest
from imagesearch.imports.tar import MAX_EXTENSIONS
from imagesearch.imports.webdataset import MAX_SAMPLE_MEMBERS, WebDataset
from imagesearch.types import AddRequest, Cursor

LIMIT = 10_000


class Kept:
    """Where pictures go: counts them, and gives each the path of its hash."""

    def __init__(self):
        self.bytes = []

    def __call__(self, data, digest):
        assert digest == content_hash(data)
        self.bytes.append(data)
        return f"/blobs/{digest[:8]}"


@pytest.fixture
def kept():
    return Kept()


@pytest.fixture
def read(tmp_path, kept):
    """Read an archive, from a position on; returns its lines and the Kept."""

    def read_it(path, position=0):
        dataset = WebDataset(local_manifest(path, str(tmp_path)), "ns", LIMIT, kept)
        return list(dataset.lines(Cursor(dataset.version, position)))

    return read_it


@pytest.fixture
def archive(tmp_path):
    """Write members, (name, bytes) or headers of one's own, and return the archive's path."""

    def write(*members, kind=tarfile.USTAR_FORMAT):
        path = tmp_path / "a.tar"
        with tarfile.open(path, "w", format=kind) as out:
            for one in members:
                if isinstance(one, tarfile.TarInfo):
                    out.addfile(one)
                    continue
                info = tarfile.TarInfo(one[0])
                info.size = len(one[1])
                out.addfile(info, io.BytesIO(one[1]))
        return path

    return write


def test_members_of_one_stem_are_one_sample(archive, read, kept):
    path = archive(
        ("train/000.jpg", b"cat"),
        ("train/000.json", json.dumps({"width": 3, "nothing": None}).encode()),
        ("train/000.txt", b"eine Katze\n"),
        ("train/000.cls", b"7\n"),
        ("train/001.PNG", b"dog"),
        ("train/001.cls", b"dog"),
    )
    first, second = read(path)
    assert first.what.info == {"member": "train/000.jpg", "width": 3, "caption": "eine Katze", "label": 7}
    assert second.what.info == {"member": "train/001.PNG", "label": "dog"}
    assert first.what.image_path == f"/blobs/{content_hash(b'cat')[:8]}"
    assert (first.what.namespace, first.number, second.number) == ("ns", 1, 2)
    assert kept.bytes == [b"cat", b"dog"]


def test_the_same_archive_again_makes_the_same_keys(archive, read):
    path = archive(("0.jpg", b"cat"), ("0.cls", b"1"))
    assert read(path)[0].what.idempotency_key == read(path)[0].what.idempotency_key


def test_what_is_said_may_come_before_the_picture_and_the_stem_ends_at_the_first_dot(archive, read):
    path = archive(("a.b/0.json", b'{"x": 1}'), ("a.b/0.left.jpg", b"l"), ("a.b/0.right.jpg", b"r"), ("a.b/1.jpg", b"n"))
    lines = read(path)
    assert [line.what.info for line in lines] == [
        {"member": "a.b/0.left.jpg", "x": 1},
        {"member": "a.b/0.right.jpg", "x": 1},
        {"member": "a.b/1.jpg"},
    ]


def test_what_is_no_picture_and_no_file_is_skipped(archive, read):
    folder = tarfile.TarInfo("0.d")
    folder.type = tarfile.DIRTYPE
    link = tarfile.TarInfo("1.jpg")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    path = archive(folder, link, ("notes.md", b"x"), ("2.jpg", b"x"))
    assert [line.what is None for line in read(path)] == [True, False]


@pytest.mark.parametrize(
    ("name", "data", "error"),
    [
        ("0.json", b"{", BadLine),
        ("0.json", b"[1]", BadLine),
        ("0.json", b"[" * 60_000, BadLine),
        ("0.json", b'{"n": 1e999}', BadLine),
        ("0.txt", b"\xff", BadLine),
        ("0.txt", b"x" * 70_000, BadLine),
        ("0.png", b"x" * (LIMIT + 1), TooManyBytes),
        ("0.png", b"", ImageError),
    ],
)
def test_a_bad_member_spoils_its_sample_only(archive, read, name, data, error):
    members = [(name, data)] if name.endswith("png") else [("0.jpg", b"a"), (name, data)]
    first, second = read(archive(*members, ("1.jpg", b"b")))
    assert isinstance(first.what, error)
    assert isinstance(second.what, AddRequest)


def test_a_sample_of_too_many_members_is_reported(archive, read):
    path = archive(*((f"0.{n}.jpg", b"x") for n in range(MAX_SAMPLE_MEMBERS + 5)), ("1.jpg", b"y"))
    *spoiled, good = read(path)
    assert all(isinstance(line.what, BadLine) for line in spoiled)
    assert isinstance(good.what, AddRequest)


def test_reading_goes_on_behind_what_was_read_and_keeps_nothing_twice(archive, read, kept):
    members = [(f"{n}.jpg", b"%d" % n) for n in range(5)] + [
        ("5.a.jpg", b"5a"),
        ("5.b.jpg", b"5b"),
        ("6.txt", b"no picture"),
        ("7.jpg", b"7"),
    ]
    path = archive(*members)
    whole = read(path)
    assert len(whole) == 9
    for position in range(10):
        kept.bytes.clear()
        assert read(path, position) == whole[position:]
        assert len(kept.bytes) == sum(isinstance(line.what, AddRequest) for line in whole[position:])


def test_an_archive_that_ends_early_gives_what_came_before(archive, read, tmp_path, kept):
    path = archive(*((f"{n}.jpg", b"x" * 5000) for n in range(10)))
    (tmp_path / "cut.tar").write_bytes(path.read_bytes()[:20_000])
    dataset = WebDataset(local_manifest(tmp_path / "cut.tar", str(tmp_path)), "ns", LIMIT, kept)
    lines = dataset.lines(Cursor())
    assert isinstance(next(lines).what, AddRequest)
    with pytest.raises(BadManifest):
        list(lines)


def broken(path, offset, data):
    """Write over a header and set its sum right."""
    whole = bytearray(path.read_bytes())
    whole[offset : offset + len(data)] = data
    header = whole[: tarfile.BLOCKSIZE]
    header[148:156] = b" " * 8
    whole[148:156] = b"%06o\0 " % sum(header)
    path.write_bytes(whole)
    return path


def test_a_size_below_nothing_does_not_lead_in_circles(archive, read):
    # Base 256, all ones: minus 1024.
    path = broken(archive(("0.jpg", b"x"), ("1.jpg", b"y")), 124, b"\xff" * 10 + b"\xfc\x00")
    with pytest.raises(BadManifest):
        read(path)


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK])
def test_a_header_of_gigabytes_is_not_read(archive, read, kind):
    path = broken(archive(("0.jpg", b"x")), 156, kind)
    broken(path, 124, b"77777777777\0")
    tracemalloc.start()
    try:
        with pytest.raises(BadManifest, match="absurdly"):
            read(path)
        assert tracemalloc.get_traced_memory()[1] < 32 * 2**20
    finally:
        tracemalloc.stop()


def test_headers_of_headers_end(tmp_path, read):
    one = tarfile.TarInfo("long")
    one.type, one.size = tarfile.GNUTYPE_LONGNAME, 4
    (tmp_path / "a.tar").write_bytes((one.tobuf() + b"name".ljust(512, b"\0")) * 5000)
    with pytest.raises(BadManifest, match="absurdly"):
        read(tmp_path / "a.tar")
    assert MAX_EXTENSIONS < 100


@pytest.mark.parametrize(
    "headers", [{"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "0.jpg", "GNU.sparse.realsize": "9"}]
)
def test_a_sparse_file_is_refused(archive, read, headers):
    info = tarfile.TarInfo("0.jpg")
    info.pax_headers = headers
    with pytest.raises(BadManifest, match="sparse"):
        read(archive(info, kind=tarfile.PAX_FORMAT))


def test_a_sparse_file_of_the_old_kind_is_refused(archive, read):
    with pytest.raises(BadManifest, match="sparse"):
        read(broken(archive(("0.jpg", b"x")), 156, tarfile.GNUTYPE_SPARSE))


def test_long_names_of_both_kinds_are_taken(archive, read):
    name = "/".join(["folder"] * 40) + "/0.jpg"
    for kind in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        assert [line.place for line in read(archive((name, b"x"), kind=kind))] == [name]


@pytest.mark.parametrize("data", [b"", b"no archive at all" * 100, b"\0" * 512])
def test_what_is_no_archive_is_said_to_be_none(tmp_path, read, data):
    (tmp_path / "a.tar").write_bytes(data)
    if data == b"\0" * 512:
        assert read(tmp_path / "a.tar") == []
        return
    with pytest.raises(BadManifest):
        read(tmp_path / "a.tar")


def test_a_hundred_thousand_samples_take_no_more_memory_than_a_thousand(tmp_path):
    def peak(count):
        path = tmp_path / f"{count}.tar"
        with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as out:
            for n in range(count):
                out.members = []
                info = tarfile.TarInfo(f"{n:06}.jpg")
                info.size = 1
                out.addfile(info, io.BytesIO(b"x"))
        dataset = WebDataset(local_manifest(path, str(tmp_path)), "ns", LIMIT, lambda data, digest: "/x")
        tracemalloc.start()
        try:
            return sum(1 for _ in dataset.lines(Cursor())), tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    (small, first), (large, second) = peak(500), peak(10_000)
    assert (small, large) == (500, 10_000)
    assert second < first + 2**20
