from __future__ import annotations

import numpy as np
import pytest

from imagesearch.errors import RuntimeMismatch
from imagesearch.models.runtimes.reference import check, least_cosine, pictures


class Made:
    """A backbone that gives the same features whatever it is asked."""

    device = "cpu"

    def __init__(self, features: np.ndarray) -> None:
        self.features = features

    def forward(self, pixels: np.ndarray) -> np.ndarray:
        return self.features


@pytest.fixture
def reference() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(4, 64)).astype(np.float32)


def turned(reference: np.ndarray, cosine: float) -> np.ndarray:
    """The same with one row turned away by that much."""
    others = reference.copy()
    row = reference[2] / np.linalg.norm(reference[2])
    aside = np.random.default_rng(1).normal(size=64)
    aside -= (aside @ row) * row
    others[2] = cosine * row + np.sqrt(1 - cosine**2) * aside / np.linalg.norm(aside)
    return others


def test_the_pictures_differ_and_are_the_same_each_time() -> None:
    made = pictures(224)
    assert (made.shape, made.dtype) == ((4, 224, 224, 3), np.uint8)
    assert (made == pictures(224)).all()
    assert len({picture.tobytes() for picture in made}) == 4
    # The three channels, too, so that networks which swap them are told apart.
    assert all((picture[..., 0] != picture[..., 2]).any() for picture in made)


def test_float_noise_and_another_length_are_no_mismatch(reference: np.ndarray) -> None:
    check(Made(turned(reference, 0.99995) * np.float32(3)), 32, reference, "onnx")


def test_a_single_vector_that_points_elsewhere_is_refused_with_what_to_do(reference: np.ndarray) -> None:
    with pytest.raises(RuntimeMismatch, match=r"runtime onnx .* 0\.99980. .* set model\.runtime to torch") as caught:
        check(Made(turned(reference, 0.9998)), 32, reference, "onnx")
    assert caught.value.data["cosine"] == pytest.approx(0.9998, abs=1e-5)


@pytest.mark.parametrize("value", [np.nan, np.inf, 0.0])
def test_vectors_that_are_none_are_refused(value: float, reference: np.ndarray) -> None:
    broken = reference.copy()
    broken[1] = value
    with pytest.raises(RuntimeMismatch):
        check(Made(broken), 32, reference, "onnx")


def test_another_dimension_is_refused(reference: np.ndarray) -> None:
    with pytest.raises(RuntimeMismatch):
        check(Made(reference[:, :32]), 32, reference, "onnx")


def test_the_least_cosine_is_that_of_the_worst_row(reference: np.ndarray) -> None:
    assert least_cosine(reference, turned(reference, 0.5)) == pytest.approx(0.5, abs=1e-6)
