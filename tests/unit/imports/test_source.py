"""What a source is, and who may name it."""

import os

import pytest

from config.sections import S3Settings, SourceSettings
from imagesearch.errors import SourceError, SourceForbidden, SourceInvalid, SourceNotFound
from imagesearch.images.s3 import S3
from imagesearch.imports.access import Access
from imagesearch.imports.listing import Address, Bucket, Folder, Glob
from imagesearch.imports.parquet import ParquetTable
from imagesearch.imports.source import Opener
from imagesearch.imports.table import Table
from imagesearch.imports.webdataset import WebDataset
from imagesearch.types import AddRequest, Cursor


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "allowed"
    (folder / "cats").mkdir(parents=True)
    for name in ("cats/1.jpg", "2.png", "m.csv", "m.tsv", "m.jsonl", "m.ndjson", "m.parquet", "m.tar", "[x].jpg"):
        (folder / name).write_text("path\n")
    (tmp_path / "allowed2").mkdir()
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "s.jpg").touch()
    (tmp_path / "secret" / "s.csv").write_text("path\n/a.jpg\n")
    (folder / "link").symlink_to(tmp_path / "secret")
    (folder / "link.csv").symlink_to(tmp_path / "secret" / "s.csv")
    return folder


@pytest.fixture
def stranger(root):
    return Access(SourceSettings(roots=(root,), s3_prefixes=("s3://bucket/ok",)), trusted=False)


@pytest.fixture
def user():
    return Access(SourceSettings(), trusted=True)


@pytest.fixture
def opener():
    return Opener(S3(S3Settings()), lambda data, digest: "/x", 100)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("", Folder),
        ("cats", Folder),
        ("*/*.jpg", Glob),
        ("2.png", Glob),
        ("[x].jpg", Glob),
        ("m.csv", Table),
        ("m.tsv", Table),
        ("m.jsonl", Table),
        ("m.ndjson", Table),
        ("m.parquet", ParquetTable),
        ("m.tar", WebDataset),
    ],
)
def test_a_source_is_known_by_its_name_and_by_what_lies_there(opener, root, stranger, user, name, kind):
    for access in (stranger, user):
        for source in (f"{root}/{name}", f"file://{root}/{name}"):
            if not ("[" in name and source.startswith("file")):
                assert type(opener.open(source, "ns", access)) is kind


def paths(reading):
    return [line.what.image_path for line in reading.lines(Cursor()) if isinstance(line.what, AddRequest)]


def test_a_name_with_brackets_is_the_file_of_that_name_before_a_pattern(opener, root, stranger):
    assert paths(opener.open(f"{root}/[x].jpg", "ns", stranger)) == [f"{root}/[x].jpg"]


@pytest.mark.parametrize(
    "source",
    [
        "/etc",
        "/etc/passwd",
        "/etc/*",
        "/etc/[x]",
        "{root}/../secret",
        "{root}/../secret/s.csv",
        "{root}/../secret/*.jpg",
        "{root}2",
        "{root}/link",
        "{root}/link/s.csv",
        "{root}/link/*.jpg",
        "{root}/link.csv",
        "{root}/link/nothing",
        "{root}/../nothing",
        "file:///etc",
        "s3://bucket/okay/a.csv",
        "s3://bucket/okay",
        "s3://bucket",
        "s3://other/ok",
        "https://example.com/a.csv",
        "http://169.254.169.254/latest",
    ],
)
def test_a_stranger_may_not_name_what_lies_outside_whether_or_not_it_is_there(opener, root, stranger, source):
    source = source.format(root=root)
    for call in (lambda: opener.check(source, stranger), lambda: opener.open(source, "ns", stranger)):
        with pytest.raises(SourceForbidden):
            call()


@pytest.mark.parametrize(
    "source", ["", "pictures", "./pictures", "~/pictures", "*.jpg", "{root}/*/../../secret/*", "ftp://x/y", "{root}\0"]
)
def test_a_name_of_no_known_form_is_refused(opener, root, stranger, source):
    with pytest.raises(SourceInvalid):
        opener.check(source.format(root=root), stranger)


def test_what_is_not_there_is_told_within_the_allowed_folders(opener, root, stranger, user):
    for access in (stranger, user):
        for name in ("nothing", "nothing.csv", "nothing.tar"):
            with pytest.raises(SourceNotFound):
                opener.check(f"{root}/{name}", access)


def test_a_pattern_of_a_stranger_follows_no_link_out(opener, root, stranger, user):
    everything = f"{root}/**/*.jpg"
    assert set(paths(opener.open(everything, "ns", stranger))) == {f"{root}/cats/1.jpg", f"{root}/[x].jpg"}
    assert f"{root.parent}/secret/s.jpg" in paths(opener.open(everything, "ns", user))


def test_a_name_longer_than_any_is_not_there(opener, user):
    with pytest.raises(SourceNotFound):
        opener.check(f"/{'x' * 300}", user)


def test_a_fifo_in_a_manifest_s_place_does_not_hold_the_reader(opener, root, stranger):
    os.mkfifo(root / "pipe.csv")
    with pytest.raises(SourceNotFound):
        opener.open(f"{root}/pipe.csv", "ns", stranger)


def test_who_types_a_command_may_name_their_own(opener, root, user):
    assert type(opener.open(f"{root}/link", "ns", user)) is Folder
    assert type(opener.open("https://example.com/a.jpg", "ns", user)) is Address
    assert type(opener.open("s3://any/where", "ns", user)) is Bucket


@pytest.mark.parametrize(
    ("allowed", "source", "listed"),
    [
        ("s3://buc/ok", "s3://buc/ok", ("buc", "ok/")),
        ("s3://buc/ok/", "s3://buc/ok/", ("buc", "ok/")),
        ("s3://buc/ok", "s3://buc/ok/2026-0", ("buc", "ok/2026-0")),
        ("s3://buc", "s3://buc", ("buc", "")),
        ("s3://buc", "s3://buc/x", ("buc", "x")),
        ("s3://", "s3://buc/x", ("buc", "x")),
    ],
)
def test_an_allowed_prefix_is_listed_as_a_folder(allowed, source, listed):
    assert Access(SourceSettings(s3_prefixes=(allowed,)), trusted=False).prefix(source) == listed


def test_the_list_of_allowed_folders_is_read_anew(opener, root, tmp_path):
    access = Access(SourceSettings(roots_file=tmp_path / "roots"), trusted=False)
    with pytest.raises(SourceError):
        opener.check(str(root), access)
    (tmp_path / "roots").write_text(f"{root}\n")
    opener.check(str(root), access)
