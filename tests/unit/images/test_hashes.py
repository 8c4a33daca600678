"""The content hash tells bytes apart; the perceptual hash knows a picture again."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from PIL import Image

from config.sections import ImageSettings
from imagesearch.images.decode import decode
from imagesearch.images.hashes import content_hash, perceptual_hash


@pytest.fixture
def scene():
    rng = np.random.default_rng(7)
    return Image.fromarray(rng.integers(0, 255, (9, 12, 3), dtype=np.uint8)).resize((1200, 900), Image.Resampling.BICUBIC)


def distance(one, other):
    return (int(one, 16) ^ int(other, 16)).bit_count()


def test_the_content_hash_is_sha256():
    assert content_hash(b"bytes") == hashlib.sha256(b"bytes").hexdigest()


def test_the_perceptual_hash_has_256_bits(scene):
    assert len(perceptual_hash(scene)) == 64
    assert int(perceptual_hash(scene), 16) > 0


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (20000, 2)])
def test_extreme_shapes_have_a_hash(size):
    assert len(perceptual_hash(Image.new("RGB", size, "red"))) == 64


def test_the_hash_outlives_recompression_and_scaling(scene, encode):
    original = perceptual_hash(scene)
    assert distance(original, perceptual_hash(decode(encode(scene, "jpeg", quality=40), ImageSettings()).rgb)) <= 16
    assert distance(original, perceptual_hash(scene.resize((400, 300)))) <= 16


def test_the_hash_of_a_reduced_jpeg_is_that_of_the_full_one(scene, encode):
    data = encode(scene, "jpeg")
    full, reduced = decode(data, ImageSettings()), decode(data, ImageSettings(), at_least=224)
    assert reduced.rgb.width < full.rgb.width
    assert distance(perceptual_hash(full.rgb), perceptual_hash(reduced.rgb)) <= 8


def test_different_pictures_are_far_apart(scene):
    assert distance(perceptual_hash(scene), perceptual_hash(scene.rotate(180))) > 64


def test_the_hash_tells_which_frequencies_are_above_their_median():
    """Held against the transform's other definition, the Fourier transform of the mirrored signal."""
    square = np.random.default_rng(3).integers(0, 256, (64, 64), dtype=np.uint8)
    shift = np.exp(-0.5j * np.pi * np.arange(64) / 64)

    def cosine_transform(rows):
        return (np.fft.fft(np.hstack([rows, rows[:, ::-1]]))[:, :64] * shift).real

    low = cosine_transform(cosine_transform(square.astype(float)).T).T[:16, :16]
    expected = "".join("1" if value > np.median(low) else "0" for value in low.ravel())
    assert perceptual_hash(Image.fromarray(square).convert("RGB")) == f"{int(expected, 2):064x}"
