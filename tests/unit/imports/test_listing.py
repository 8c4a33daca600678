"""Pictures named by a folder or a glob."""

import os
import subprocess
from pathlib import Path

import pytest

from imagesearch.errors import SourceForbidden, SourceInvalid, SourceNotFound
from imagesearch.imports.listing import Address, Folder, Glob
from imagesearch.types import AddRequest, Cursor


def write(path, data=b"x"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def folder(root):
    return list(Folder(root, "default").lines(Cursor()))


def globbed(pattern, allows=lambda path: True):
    return list(Glob(pattern, "default", allows).lines(Cursor()))


def taken(lines):
    return [line.what for line in lines if isinstance(line.what, AddRequest)]


def test_a_folder_gives_its_pictures_nested_with_their_folder_as_label_and_counts_the_rest(tmp_path):
    write(tmp_path / "a.jpg")
    write(tmp_path / "cats" / "b.PNG")
    write(tmp_path / "cats" / "old" / "c.webp")
    write(tmp_path / "notes.txt")
    write(tmp_path / "cats" / "noending")
    lines = folder(tmp_path)
    assert {one.image_path: one.info.get("label") for one in taken(lines)} == {
        str(tmp_path / "a.jpg"): None,
        str(tmp_path / "cats" / "b.PNG"): "cats",
        str(tmp_path / "cats" / "old" / "c.webp"): "old",
    }
    assert [line.what for line in lines].count(None) == 2
    assert [line.number for line in lines] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("name", ["ümlaut 日本.jpg", "quo'te\".jpg", "line\nbreak.jpg", "per%cent #hash.jpg", "-rf.jpg", " .jpg"])
def test_odd_names_are_taken_as_they_are(tmp_path, name):
    write(tmp_path / name)
    assert [one.image_path for one in taken(folder(tmp_path))] == [str(tmp_path / name)]


def test_a_name_that_is_no_text_keeps_its_bytes_as_a_uri(tmp_path):
    write(tmp_path / os.fsdecode(b"\xff\xfe.jpg"))
    (request,) = taken(folder(tmp_path))
    assert request.image_path == f"file://{tmp_path}/%FF%FE.jpg"


def test_the_same_file_has_the_same_key_and_a_changed_one_another(tmp_path):
    file = write(tmp_path / "a.jpg")
    first = taken(folder(tmp_path))[0].idempotency_key
    assert taken(folder(tmp_path))[0].idempotency_key == first
    write(file, b"longer")
    assert taken(folder(tmp_path))[0].idempotency_key != first


def test_a_folder_that_links_to_itself_ends(tmp_path):
    write(tmp_path / "a.jpg")
    (tmp_path / "loop").symlink_to(tmp_path, target_is_directory=True)
    assert len(taken(folder(tmp_path))) == 1


def test_a_link_to_nothing_is_reported(tmp_path):
    (tmp_path / "gone.jpg").symlink_to(tmp_path / "nowhere")
    (line,) = folder(tmp_path)
    assert isinstance(line.what, SourceNotFound)
    assert line.place == str(tmp_path / "gone.jpg")


def test_a_folder_that_may_not_be_looked_into_is_reported_and_its_neighbours_are_taken(tmp_path, monkeypatch):
    write(tmp_path / "a.jpg")
    write(tmp_path / "closed" / "b.jpg")
    write(tmp_path / "open" / "c.jpg")
    scan = os.scandir

    def refuse(place):
        # Tests may be run by root, to whom no folder is closed.
        if str(place).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(place))
        return scan(place)

    monkeypatch.setattr(os, "scandir", refuse)
    lines = folder(tmp_path)
    assert len(taken(lines)) == 2
    assert [line.place for line in lines if isinstance(line.what, SourceForbidden)] == [str(tmp_path / "closed")]


@pytest.fixture
def deep(tmp_path):
    """A picture deeper than Python's recursion goes; each step is made from within, since one path of it all is too long."""
    here = os.open(tmp_path, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(os.open("a.jpg", os.O_CREAT | os.O_WRONLY, dir_fd=here))
    os.close(here)
    yield tmp_path
    # pytest would walk it with recursion.
    subprocess.run(["rm", "-r", tmp_path / "d"], check=True)


def test_folders_may_lie_as_deep_as_a_path_goes(deep):
    write(deep / "z" / "b.jpg")
    lines = folder(deep)
    assert [one.image_path.removeprefix(str(deep)) for one in taken(lines)] == ["/d" * 1500 + "/a.jpg", "/z/b.jpg"]


def test_a_pattern_that_leads_too_deep_says_so(deep):
    with pytest.raises(SourceInvalid, match="too deep"):
        globbed(f"{deep}/**/*.jpg")


def test_a_folder_is_told_before_the_folders_in_it_and_each_in_its_order(tmp_path):
    for name in ("b/2.jpg", "b/1.jpg", "b/a/3.jpg", "z.jpg", "a/x/4.jpg", "a/5.jpg"):
        write(tmp_path / name)
    found = [one.image_path.removeprefix(f"{tmp_path}/") for one in taken(folder(tmp_path))]
    assert found == ["z.jpg", "a/5.jpg", "a/x/4.jpg", "b/1.jpg", "b/2.jpg", "b/a/3.jpg"]


def test_a_match_that_may_not_be_looked_at_is_reported_where_it_may_be_read(tmp_path, monkeypatch):
    write(tmp_path / "a.jpg")
    write(tmp_path / "closed.jpg")
    is_file = Path.is_file

    def refuse(path):
        if path.name == "closed.jpg":
            raise PermissionError(13, "Permission denied", str(path))
        return is_file(path)

    monkeypatch.setattr(Path, "is_file", refuse)
    lines = globbed(f"{tmp_path}/*.jpg")
    assert [one.image_path for one in taken(lines)] == [str(tmp_path / "a.jpg")]
    assert [line.place for line in lines if isinstance(line.what, SourceForbidden)] == [str(tmp_path / "closed.jpg")]
    assert len(globbed(f"{tmp_path}/*.jpg", lambda path: path.name == "a.jpg")) == 1


def test_a_glob_crosses_folders(tmp_path):
    write(tmp_path / "x" / "y" / "a.jpg")
    write(tmp_path / "x" / "b.png")
    assert {one.image_path for one in taken(globbed(f"{tmp_path}/**/*.jpg"))} == {str(tmp_path / "x" / "y" / "a.jpg")}


def test_what_a_pattern_matches_and_may_not_be_read_is_not_even_counted(tmp_path):
    write(tmp_path / "in" / "a.jpg")
    write(tmp_path / "out" / "b.jpg")
    (tmp_path / "in" / "link").symlink_to(tmp_path / "out")
    lines = globbed(f"{tmp_path}/in/**/*.jpg", lambda path: path.resolve().is_relative_to(tmp_path / "in"))
    assert [line.what.image_path for line in lines] == [str(tmp_path / "in" / "a.jpg")]


def test_an_address_is_one_request():
    (line,) = Address("https://example.com/a.jpg", "ns").lines(Cursor())
    assert (line.what.image_path, line.what.namespace) == ("https://example.com/a.jpg", "ns")
