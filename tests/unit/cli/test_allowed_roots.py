"""The allowed folders: what typing `add` opens, and no more."""

import stat
import threading

import pytest

from cli.allowed_roots import allow, root_of
from imagesearch.errors import InputError


@pytest.fixture
def pictures(tmp_path):
    folder = tmp_path / "pictures"
    (folder / "cats").mkdir(parents=True)
    (folder / "cats" / "1.jpg").touch()
    return folder


def test_of_a_folder_it_is_the_folder(pictures):
    assert root_of(str(pictures)) == pictures


def test_of_a_picture_it_is_its_folder(pictures):
    assert root_of(str(pictures / "cats" / "1.jpg")) == pictures / "cats"


def test_of_a_picture_behind_a_link_it_is_the_folder_where_it_lies(pictures, tmp_path):
    (tmp_path / "link.jpg").symlink_to(pictures / "cats" / "1.jpg")
    assert root_of(str(tmp_path / "link.jpg")) == pictures / "cats"


def test_of_a_glob_it_is_the_folder_before_the_first_wildcard(pictures, monkeypatch):
    assert root_of(f"{pictures}/*/*.jpg") == pictures
    monkeypatch.chdir(pictures / "cats")
    assert root_of("*.jpg") == pictures / "cats"


def test_a_glob_that_matches_nothing_opens_nothing(pictures):
    with pytest.raises(InputError, match="no file"):
        root_of(f"{pictures}/*.png")


@pytest.mark.parametrize("line", ["cats/1.jpg", "{folder}/cats/1.jpg", "file://{folder}/cats/1.jpg"])
def test_of_a_table_it_is_its_folder_where_the_table_names_files_below(pictures, line):
    (pictures / "list.csv").write_text(f"path,label\ns3://bucket/1.jpg,a\n{line.format(folder=pictures)},b\n")
    assert root_of(str(pictures / "list.csv")) == pictures


@pytest.mark.parametrize(
    "line", ["s3://bucket/1.jpg", "https://example.com/1.jpg", "/etc/passwd", "../secret/1.jpg", "file:///etc/x"]
)
def test_a_table_that_names_no_file_below_its_folder_opens_nothing(pictures, line):
    (pictures / "list.csv").write_text(f"path\n{line}\n")
    assert root_of(str(pictures / "list.csv")) is None


@pytest.mark.parametrize("source", ["s3://bucket/prefix", "https://example.com/1.jpg", "/no/such/place"])
def test_what_is_no_file_opens_nothing(source):
    assert root_of(source) is None


@pytest.mark.parametrize("source", ["/", "/*", "/../"])
def test_the_whole_disk_is_never_opened(source):
    with pytest.raises(InputError, match="whole disk"):
        root_of(source)


def test_a_line_break_in_a_name_cannot_become_a_second_folder(tmp_path):
    folder = tmp_path / "a\n" / "etc"
    folder.mkdir(parents=True)
    with pytest.raises(InputError, match="line break"):
        root_of(str(folder))


def test_a_folder_is_written_once_and_for_its_owner_only(tmp_path):
    file = tmp_path / "data" / "roots.txt"
    assert allow(file, tmp_path / "a")
    assert not allow(file, tmp_path / "a")
    assert not allow(file, tmp_path / "a" / "below")
    assert allow(file, tmp_path / "ab")
    assert file.read_text() == f"{tmp_path}/a\n{tmp_path}/ab\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert sorted(path.name for path in file.parent.iterdir()) == ["roots.lock", "roots.txt"]


def test_a_last_line_without_its_end_keeps_its_meaning(tmp_path):
    file = tmp_path / "roots.txt"
    file.write_text("/some/where")
    allow(file, tmp_path)
    assert file.read_text() == f"/some/where\n{tmp_path}\n"


def test_a_name_that_is_no_text_is_kept_byte_for_byte(tmp_path):
    folder = tmp_path / "caf\udce9"
    file = tmp_path / "roots.txt"
    assert allow(file, folder)
    assert not allow(file, folder)
    assert file.read_bytes().endswith(b"caf\xe9\n")


def test_commands_that_run_at_once_lose_no_line(tmp_path):
    file = tmp_path / "roots.txt"
    folders = [tmp_path / str(number) for number in range(20)]
    threads = [threading.Thread(target=allow, args=(file, folder)) for folder in folders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(file.read_text().split()) == sorted(map(str, folders))
