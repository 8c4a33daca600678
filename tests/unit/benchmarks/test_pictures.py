"""Pictures to load are as many as asked for, each of its own content, the same each time."""

from __future__ import annotations

import pytest
from PIL import Image

from benchmarks.pictures import below, photographs, tiny
from config.sections import ImageSettings
from imagesearch.images.decode import decode


@pytest.mark.parametrize("make", [lambda folder, count: photographs(folder, count, (64, 48)), tiny])
def test_each_picture_is_its_own_and_the_same_again(tmp_path, make):
    first = [path.read_bytes() for path in make(tmp_path / "one", 24)]
    assert len(set(first)) == 24
    assert first == [path.read_bytes() for path in make(tmp_path / "two", 24)]


def test_photographs_have_the_size_that_was_asked_for(tmp_path):
    [path] = photographs(tmp_path, 1, (64, 48))
    with Image.open(path) as picture:
        assert (picture.format, picture.size) == ("JPEG", (64, 48))


def test_tiny_ones_are_pictures_that_the_product_reads(tmp_path):
    [path] = tiny(tmp_path, 1)
    assert decode(path.read_bytes(), ImageSettings()).rgb.size == (16, 16)


def test_a_thousand_files_are_in_one_folder(tmp_path):
    assert len({path.parent for path in tiny(tmp_path, 1001)}) == 2


def test_pictures_below_a_folder_come_in_a_stable_order(tmp_path):
    for name in ("b.jpg", "a/c.PNG", "a/text.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert below(tmp_path) == [tmp_path / "a" / "c.PNG", tmp_path / "b.jpg"]
