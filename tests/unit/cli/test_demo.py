from io import BytesIO

import pytest
from PIL import Image

from cli.demo import chosen_port, edited_copy, packaged_pictures, typical_picture
from imagesearch.errors import ConfigError


def test_the_installed_packages_carry_pictures_in_folders_by_kind(tmp_path):
    folder = packaged_pictures(tmp_path / "pictures")
    pictures = [path for path in folder.rglob("*") if path.is_file()]
    assert len(pictures) > 400
    assert folder / "photographs" / "coffee.png" in pictures
    assert len({path.parent for path in pictures}) > 10


def test_packaged_pictures_are_copied_once_and_left_alone_after(tmp_path):
    coffee = packaged_pictures(tmp_path) / "photographs" / "coffee.png"
    coffee.write_bytes(b"mine")
    packaged_pictures(tmp_path)
    assert coffee.read_bytes() == b"mine"


def test_an_edited_copy_is_a_smaller_jpeg_of_the_same_shape(tmp_path, settings, picture):
    path = tmp_path / "original.png"
    path.write_bytes(picture(size=(400, 200)))
    with Image.open(BytesIO(edited_copy(path, settings))) as copy:
        assert (copy.format, copy.size) == ("JPEG", (180, 90))


def test_a_single_pixel_can_be_edited_too(tmp_path, settings, picture):
    path = tmp_path / "dot.png"
    path.write_bytes(picture(size=(1, 1)))
    with Image.open(BytesIO(edited_copy(path, settings))) as copy:
        assert copy.size == (1, 1)


def test_the_picture_to_search_for_is_one_that_can_be_read(tmp_path, settings, picture):
    (tmp_path / "broken.png").write_bytes(b"no picture" * 5000)
    (tmp_path / "small.png").write_bytes(picture())
    assert typical_picture(tmp_path, settings) == tmp_path / "small.png"


def test_a_folder_without_readable_pictures_has_none_to_search_for(tmp_path, settings):
    (tmp_path / "broken.png").write_bytes(b"no picture")
    assert typical_picture(tmp_path, settings) is None


@pytest.mark.parametrize(("text", "port"), [("", None), ("1", 1), ("8000", 8000), ("65535", 65535)])
def test_a_port_is_a_number(text, port):
    assert chosen_port(text) == port


@pytest.mark.parametrize("text", ["0", "65536", "-1", "http", "8000 ", "٨٠"])
def test_what_is_no_port_is_refused_by_name(text):
    with pytest.raises(ConfigError, match="PORT="):
        chosen_port(text)
