from __future__ import annotations

import numpy as np
import pytest
import torch

from imagesearch.errors import EmbeddingFailed
from imagesearch.models.network import PixelNetwork
from imagesearch.models.registry import IMAGENET_MEAN, IMAGENET_STD, lookup
from imagesearch.models.runtimes.torch_backbone import TorchBackbone

IMAGENET = lookup("resnet50")


def pixels(n: int) -> np.ndarray:
    return np.random.default_rng(n).integers(0, 256, (n, 8, 8, 3), dtype=np.uint8)


def backbone(network: torch.nn.Module | None = None, threads: int = 1) -> TorchBackbone:
    return TorchBackbone(PixelNetwork(network or torch.nn.Flatten(), IMAGENET), threads)


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
    with pytest.raises(EmbeddingFailed, match="batch of 2 on the CPU"):
        backbone(torch.nn.Linear(5, 5)).forward(pixels(2))


def test_threads_are_set_whatever_the_environment_says_and_for_each_backbone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    before = torch.get_num_threads()
    try:
        one = backbone(threads=1)
        two = one.with_threads(2)
        two.forward(pixels(1))
        assert torch.get_num_threads() == 2
        one.forward(pixels(1))
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)
