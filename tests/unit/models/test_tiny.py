from __future__ import annotations

import numpy as np

from imagesearch.models import tiny


def batch(*pictures: object) -> np.ndarray:
    return np.stack([np.full((32, 32, 3), picture, dtype=np.uint8) for picture in pictures])


def test_the_same_pixels_give_the_same_bits_alone_and_in_company() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (5, 32, 32, 3), dtype=np.uint8)
    together = tiny.TinyBackbone().forward(pixels)
    assert together.shape == (5, tiny.DIM)
    assert together.dtype == np.float32
    for row, picture in zip(together, pixels, strict=True):
        assert (tiny.TinyBackbone().forward(picture[None])[0] == row).all()


def test_a_larger_input_has_larger_cells() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), dtype=np.uint8)
    larger = pixels.repeat(3, axis=1).repeat(3, axis=2)
    np.testing.assert_allclose(tiny.TinyBackbone().forward(larger), tiny.TinyBackbone().forward(pixels), atol=1e-5)


def test_no_picture_is_a_zero_vector() -> None:
    features = tiny.TinyBackbone().forward(batch(0, 127, 128, 255))
    assert (np.linalg.norm(features, axis=1) >= tiny.BIAS * 0.999).all()


def test_colours_are_told_apart() -> None:
    red, green = tiny.TinyBackbone().forward(batch((255, 0, 0), (0, 255, 0)))
    assert red @ green < 0.5 * (red @ red)


def test_a_feature_is_the_mean_of_its_cell() -> None:
    pixels = batch(0)
    pixels[0, :4, 4:8, 1] = 255
    grid = tiny.TinyBackbone().forward(pixels)[0, :-1].reshape(8, 8, 3)
    assert grid[0, 1].tolist() == [-0.5, 0.5, -0.5]
    assert grid[1, 0].tolist() == [-0.5, -0.5, -0.5]
