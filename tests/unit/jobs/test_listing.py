"""Pictures named by a folder or a glob."""

import os

import pytest

from imagesearch.types import AddRequest
from jobs.listing import folder, globbed


def write(path, data=b"x"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def taken(requests):
    return [one for one in requests if isinstance(one, AddRequest)]


def test_a_folder_gives_its_pictures_nested_with_their_folder_as_label_and_counts_the_rest(tmp_path):
    write(tmp_path / "a.jpg")
    write(tmp_path / "cats" / "b.PNG")
    write(tmp_path / "cats" / "old" / "c.webp")
    write(tmp_path / "notes.txt")
    write(tmp_path / "cats" / "noending")
    requests = list(folder(tmp_path, "default"))
    assert {one.image_path: one.info.get("label") for one in taken(requests)} == {
        str(tmp_path / "a.jpg"): None,
        str(tmp_path / "cats" / "b.PNG"): "cats",
        str(tmp_path / "cats" / "old" / "c.webp"): "old",
    }
    assert requests.count(None) == 2


@pytest.mark.parametrize("name", ["ümlaut 日本.jpg", "quo'te\".jpg", "line\nbreak.jpg", "per%cent #hash.jpg", "-rf.jpg", " .jpg"])
def test_odd_names_are_taken_as_they_are(tmp_path, name):
    write(tmp_path / name)
    assert [one.image_path for one in taken(folder(tmp_path, "default"))] == [str(tmp_path / name)]


def test_a_name_that_is_no_text_keeps_its_bytes_as_a_uri(tmp_path):
    write(tmp_path / os.fsdecode(b"\xff\xfe.jpg"))
    (request,) = taken(folder(tmp_path, "default"))
    assert request.image_path == f"file://{tmp_path}/%FF%FE.jpg"


def test_the_same_file_has_the_same_key_and_a_changed_one_another(tmp_path):
    file = write(tmp_path / "a.jpg")
    first = taken(folder(tmp_path, "default"))[0].idempotency_key
    assert taken(folder(tmp_path, "default"))[0].idempotency_key == first
    write(file, b"longer")
    assert taken(folder(tmp_path, "default"))[0].idempotency_key != first


def test_a_folder_that_links_to_itself_ends(tmp_path):
    write(tmp_path / "a.jpg")
    (tmp_path / "loop").symlink_to(tmp_path, target_is_directory=True)
    assert len(taken(folder(tmp_path, "default"))) == 1


def test_a_link_to_nothing_is_skipped(tmp_path):
    (tmp_path / "gone.jpg").symlink_to(tmp_path / "nowhere")
    assert list(folder(tmp_path, "default")) == [None]


def test_a_glob_crosses_folders(tmp_path):
    write(tmp_path / "x" / "y" / "a.jpg")
    write(tmp_path / "x" / "b.png")
    assert {one.image_path for one in taken(globbed(f"{tmp_path}/**/*.jpg", "default"))} == {str(tmp_path / "x" / "y" / "a.jpg")}
