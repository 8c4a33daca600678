"""The photographs that benchmarks work with."""

from io import BytesIO

import numpy as np
from PIL import Image

from benchmarks.photographs import MAKERS, NAMES, jpeg, photographs, tiled


def test_all_photographs_are_there_and_are_made_in_any_size():
    found = photographs()
    assert list(found) == list(NAMES)
    for make in MAKERS.values():
        made = make(found["rocket.jpg"], (901, 333))
        assert (made.size, made.mode) == ((901, 333), "RGB")


def test_a_tiled_surface_is_the_picture_itself_and_its_mirror_image_beside_it():
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8))
    surface = np.asarray(tiled(picture, (60, 40)))
    assert (surface[:20, :30] == np.asarray(picture)).all()
    assert (surface == surface[:, ::-1]).all()
    assert (surface == surface[::-1]).all()


def test_a_jpeg_has_its_colours_at_half_resolution():
    with Image.open(BytesIO(jpeg(Image.new("RGB", (64, 48), "red"), 75))) as image:
        assert [component[1:3] for component in image.layer] == [(2, 2), (1, 1), (1, 1)]
