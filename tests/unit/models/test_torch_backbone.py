from __future__ import annotations

import logging

import numpy as np
import pytest
import torch

from imagesearch.errors import ConfigError, EmbeddingFailed
from imagesearch.models.registry import IMAGENET_MEAN, IMAGENET_STD
from imagesearch.models.torch_backbone import TorchBackbone

without_gpu = pytest.mark.skipif(torch.cuda.is_available(), reason="says what happens where no GPU is")
with_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")


def pixels(n: int) -> np.ndarray:
    return np.random.default_rng(n).integers(0, 256, (n, 8, 8, 3), dtype=np.uint8)


def backbone(device: str = "cpu", threads: int = 1) -> TorchBackbone:
    return TorchBackbone(torch.nn.Flatten(), IMAGENET_MEAN, IMAGENET_STD, device, threads)


def test_pixels_are_normalised_channel_by_channel() -> None:
    batch = pixels(3)
    features = backbone().forward(batch)
    wanted = ((batch / 255 - IMAGENET_MEAN) / IMAGENET_STD).transpose(0, 3, 1, 2).reshape(3, -1)
    assert features.dtype == np.float32
    np.testing.assert_allclose(features, wanted, atol=1e-5)


def test_the_pixels_given_stay_as_they_are_and_may_be_read_only() -> None:
    batch = pixels(2)
    before = batch.copy()
    batch.flags.writeable = False
    features = backbone().forward(batch)
    assert (batch == before).all()
    assert features.flags.writeable


def test_a_failing_network_is_an_embedding_error() -> None:
    failing = TorchBackbone(torch.nn.Linear(5, 5), IMAGENET_MEAN, IMAGENET_STD, "cpu")
    with pytest.raises(EmbeddingFailed, match="batch of 2 on cpu"):
        failing.forward(pixels(2))


def test_threads_are_set_whatever_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    before = torch.get_num_threads()
    try:
        backbone(threads=2)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


@without_gpu
def test_auto_without_a_gpu_is_the_cpu_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        assert backbone("auto").device == "cpu"
    assert "runs on cpu" in caplog.text


@without_gpu
def test_a_gpu_that_is_asked_for_and_not_there_is_an_error() -> None:
    with pytest.raises(ConfigError, match=r"model\.device is cuda"):
        backbone("cuda")


@with_gpu
def test_the_gpu_gives_the_vectors_of_the_cpu() -> None:
    batch = pixels(3)
    on_gpu, on_cpu = backbone("cuda").forward(batch), backbone("cpu").forward(batch)
    np.testing.assert_allclose(on_gpu, on_cpu, atol=1e-2)
