"""Files are read under the roots and nowhere else, however the path is spelled."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from imagesearch.errors import ConfigError, EmptyImage, SourceForbidden, SourceInvalid, SourceNotFound, TooManyBytes
from imagesearch.images.file_source import FileSource

LIMIT = 100


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "pictures"
    (folder / "deeper").mkdir(parents=True)
    (folder / "cat.jpg").write_bytes(b"cat")
    (folder / "deeper" / "dog #1?.jpg").write_bytes(b"dog")
    (tmp_path / "pictures2").mkdir()
    (tmp_path / "pictures2" / "secret.jpg").write_bytes(b"secret")
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    return folder


@pytest.fixture
def source(root):
    return FileSource([root], None, LIMIT)


def test_a_path_and_its_uri_are_the_same_file(source, root):
    for path in (root / "cat.jpg", root / "deeper" / "dog #1?.jpg"):
        assert source.read(str(path)) == source.read(path.as_uri()) == path.read_bytes()


def test_the_host_of_a_uri_may_be_localhost_only(source, root):
    assert source.read(f"FILE://LocalHost{root}/cat.jpg") == b"cat"
    with pytest.raises(SourceInvalid):
        source.read(f"file://elsewhere{root}/cat.jpg")


def test_a_path_is_taken_as_it_stands_and_only_a_uri_has_escapes(source, root):
    (root / "100%25.jpg").write_bytes(b"literal")
    (root / "100%.jpg").write_bytes(b"decoded")
    assert source.read(f"{root}/100%25.jpg") == b"literal"
    assert source.read(f"file://{root}/100%25.jpg") == b"decoded"


def test_a_name_that_is_not_utf8_is_found_by_its_uri(source, root):
    path = Path(os.fsdecode(os.fsencode(root) + b"/caf\xe9.jpg"))
    path.write_bytes(b"coffee")
    assert path.as_uri().endswith("/caf%E9.jpg")
    assert source.read(path.as_uri()) == source.read(str(path)) == b"coffee"


@pytest.mark.parametrize(
    "path", ["", "cat.jpg", "./cat.jpg", "~/cat.jpg", "file://", "file://cat.jpg", "/a\0b", "file:///a%00b", "/\ud800"]
)
def test_what_is_not_an_absolute_path_is_invalid(source, path):
    with pytest.raises(SourceInvalid):
        source.read(path)


def test_an_overlong_path_is_invalid(source):
    with pytest.raises(SourceInvalid):
        source.read("/" + "a" * 5000)


@pytest.mark.parametrize(
    "spelling",
    [
        "{0}/../secret.jpg",
        "{0}/../missing.jpg",
        "{0}2/secret.jpg",
        "{0}/deeper/../../secret.jpg",
        "file://{0}/%2e%2e/secret.jpg",
        "file://{0}/..%2Fsecret.jpg",
        "/etc/passwd",
        "/etc/missing",
        "/",
        "//etc/passwd",
    ],
)
def test_outside_the_roots_everything_is_forbidden_whether_it_exists_or_not(source, root, spelling):
    path = spelling.format(root)
    with pytest.raises(SourceForbidden) as caught:
        source.read(path)
    assert caught.value.detail == f"outside the folders that may be read: {path!r}"


def test_a_link_is_judged_by_where_it_leads(source, root, tmp_path):
    (root / "out.jpg").symlink_to(tmp_path / "secret.jpg")
    (root / "out").symlink_to(tmp_path)
    (root / "in.jpg").symlink_to(root / "cat.jpg")
    assert source.read(str(root / "in.jpg")) == b"cat"
    for path in (root / "out.jpg", root / "out" / "secret.jpg", root / "out" / "missing.jpg"):
        with pytest.raises(SourceForbidden):
            source.read(str(path))


def test_a_root_may_itself_be_reached_by_a_link(root, tmp_path):
    (tmp_path / "link").symlink_to(root)
    source = FileSource([tmp_path / "link"], None, LIMIT)
    assert source.read(str(tmp_path / "link" / "cat.jpg")) == source.read(str(root / "cat.jpg")) == b"cat"


def test_what_is_not_a_file_is_not_found_and_never_waited_for(source, root):
    os.mkfifo(root / "fifo")
    (root / "loop").symlink_to(root / "loop")
    (root / "dangling").symlink_to(root / "nothing")
    for name in ("fifo", "deeper", "loop", "dangling", "missing.jpg", "cat.jpg/under", "n" * 300):
        with pytest.raises(SourceNotFound):
            source.read(str(root / name))


def test_a_refused_folder_leaves_no_descriptor_open(source, root):
    before = len(list(Path("/dev/fd").iterdir()))
    for _ in range(10):
        with pytest.raises(SourceNotFound, match="not a file"):
            source.read(str(root / "deeper"))
    assert len(list(Path("/dev/fd").iterdir())) == before


def test_a_device_is_not_a_file():
    with pytest.raises(SourceNotFound, match="not a file"):
        FileSource([Path("/dev")], None, LIMIT).read("/dev/zero")


def test_sizes_are_bounded_on_both_sides(source, root):
    (root / "full.jpg").write_bytes(bytes(LIMIT))
    (root / "large.jpg").write_bytes(bytes(LIMIT + 1))
    (root / "empty.jpg").touch()
    assert len(source.read(str(root / "full.jpg"))) == LIMIT
    with pytest.raises(TooManyBytes):
        source.read(str(root / "large.jpg"))
    with pytest.raises(EmptyImage):
        source.read(str(root / "empty.jpg"))


def test_the_file_of_roots_is_read_again_when_it_changes(root, tmp_path):
    roots_file = tmp_path / "roots"
    source = FileSource([], roots_file, LIMIT)
    cat = str(root / "cat.jpg")
    with pytest.raises(SourceForbidden):
        source.read(cat)
    roots_file.write_text(f"\nrelative\n{root}\n")
    assert source.read(cat) == b"cat"
    roots_file.write_text(f"{root}2\n")
    with pytest.raises(SourceForbidden):
        source.read(cat)
    roots_file.unlink()
    with pytest.raises(SourceForbidden):
        source.read(str(tmp_path / "pictures2" / "secret.jpg"))


def test_a_line_that_is_empty_allows_nothing(root, tmp_path, monkeypatch):
    monkeypatch.chdir(root)
    (tmp_path / "roots").write_text("\n.\n")
    with pytest.raises(SourceForbidden):
        FileSource([], tmp_path / "roots", LIMIT).read(str(root / "cat.jpg"))


def test_a_relative_root_is_a_wrong_setting():
    with pytest.raises(ConfigError, match=r"sources\.roots"):
        FileSource([Path("pictures")], None, LIMIT)
