from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from imagesearch.errors import EmbeddingFailed
from imagesearch.models.encoder import Encoder
from imagesearch.models.preprocess import Preprocess
from imagesearch.types import Fingerprint, PixelBatch, Vectors

SIZE = 4
DIM = SIZE * SIZE * 3
PREPROCESS = Preprocess(SIZE, "squash")


class Raw:
    """The pixels themselves as features, some of them spoilt; remembers how many came at once."""

    device = "cpu"

    def __init__(self, spoilt: float | None = None) -> None:
        self.spoilt = spoilt
        self.batches: list[int] = []

    def forward(self, pixels: PixelBatch) -> Vectors:
        self.batches.append(len(pixels))
        features = pixels.reshape(len(pixels), -1).astype(np.float32)
        if self.spoilt is not None:
            features[features.max(axis=1) == 255] = self.spoilt
        return features


def encoder(backbone: Raw, dim: int = DIM, batch: int = 4) -> Encoder:
    return Encoder(PREPROCESS, backbone, Fingerprint("raw", "none", str(PREPROCESS), dim), batch)


def pixels(n: int) -> PixelBatch:
    return np.random.default_rng(n).integers(1, 255, (n, SIZE, SIZE, 3), dtype=np.uint8)


def test_rows_are_normalised_float32_in_order() -> None:
    batch = pixels(10)
    vectors = encoder(Raw()).encode(batch)
    assert vectors.shape == (10, DIM)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    flat = batch.reshape(10, -1).astype(np.float64)
    np.testing.assert_allclose(vectors, flat / np.linalg.norm(flat, axis=1, keepdims=True), atol=1e-6)


def test_no_forward_pass_is_larger_than_the_batch() -> None:
    backbone = Raw()
    encoder(backbone).encode(pixels(10))
    assert backbone.batches == [4, 4, 2]


def test_no_pictures_give_no_vectors() -> None:
    vectors = encoder(Raw()).encode(pixels(0))
    assert vectors.shape == (0, DIM)
    assert vectors.dtype == np.float32


@pytest.mark.parametrize("spoilt", [0.0, float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("row", [0, 3, 4, 9])
def test_a_row_without_a_usable_vector_is_named(spoilt: float, row: int) -> None:
    batch = pixels(10)
    batch[row] = 255
    with pytest.raises(EmbeddingFailed) as caught:
        encoder(Raw(spoilt)).encode(batch)
    assert caught.value.data == {"row": row}


@pytest.mark.parametrize("value", [1e-38, 3e38])
def test_very_small_and_very_large_features_are_normalised_too(value: float) -> None:
    vectors = encoder(Raw(value)).encode(np.full((1, SIZE, SIZE, 3), 255, dtype=np.uint8))
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)


def test_a_backbone_of_another_dimension_is_refused() -> None:
    with pytest.raises(EmbeddingFailed, match="dim 7"):
        encoder(Raw(), dim=7).encode(pixels(1))


def test_preparing_is_the_preprocessing_of_the_model() -> None:
    picture = Image.radial_gradient("L").convert("RGB")
    assert (encoder(Raw()).prepare(picture) == PREPROCESS(picture)).all()


def test_warming_up_runs_and_times_each_stage() -> None:
    backbone = Raw()
    assert encoder(backbone).warm_up().keys() == {"pre", "core", "post"}
    assert backbone.batches == [1]


def test_the_device_is_that_of_the_backbone() -> None:
    assert encoder(Raw()).device == "cpu"
