"""The generalised mean, and that it finds its place in the networks of each kind."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from imagesearch.errors import ModelError
from imagesearch.models.network import build
from imagesearch.models.pooling import GeneralisedMean, average_of, pool_by_generalised_mean
from imagesearch.models.registry import lookup, timm_asked


def features(rows: int = 2) -> torch.Tensor:
    return torch.relu(torch.randn(rows, 5, 7, 7, generator=torch.Generator().manual_seed(1))) * 50


def test_the_generalised_mean_lies_between_average_and_maximum_and_bears_half_precision() -> None:
    pooled = GeneralisedMean()(features().half())
    expected = (np.maximum(features().half().float().numpy(), 1e-6).astype(np.float64) ** 3).mean((2, 3)) ** (1 / 3)
    np.testing.assert_allclose(pooled.numpy(), expected, rtol=1e-5)
    assert torch.all(pooled >= features().mean((2, 3)) * 0.99)
    assert torch.all(pooled <= features().amax((2, 3)) * 1.01)


def test_what_comes_after_it_may_want_a_map_of_one_pixel() -> None:
    assert torch.equal(GeneralisedMean(keepdim=True)(features()).flatten(1), GeneralisedMean()(features()))


# One of each way in which the average is followed: by nothing, by a layer that takes maps, by flattening.
@pytest.mark.parametrize("name", ["timm:test_efficientnet", "timm:test_convnext", "timm:mobilenetv3_small_050", "resnet50"])
def test_a_network_that_averages_pools_by_either_and_otherwise_is_the_same(name: str) -> None:
    spec = lookup(name)
    assert spec.averages
    own, other = build(spec, None), build(replace(spec, pooling="gem"), None)
    assert own.state_dict().keys() == other.state_dict().keys()
    assert [type(module) for module in other.modules()].count(GeneralisedMean) == 1
    with torch.inference_mode():
        images = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(1))
        averaged, pooled = own(images), other(images)
    assert averaged.shape == pooled.shape == (2, spec.dim)
    assert not torch.allclose(averaged, pooled)


@pytest.mark.parametrize("name", ["test_vit", "resnet50_clip", "swin_tiny_patch4_window7_224"])
def test_tokens_attention_and_features_in_another_order_are_no_average(name: str) -> None:
    model, _ = timm_asked(name, *(2 * [160 if name == "test_vit" else 224]))
    assert average_of(model) is None
    assert not lookup(f"timm:{name}").averages
    with pytest.raises(ModelError, match="no average pooling"):
        pool_by_generalised_mean(model)


def test_an_average_over_a_grid_is_none() -> None:
    assert average_of(torch.nn.ModuleDict({"avgpool": torch.nn.AdaptiveAvgPool2d(7)})) is None
    assert average_of(torch.nn.ModuleDict({"avgpool": torch.nn.AdaptiveAvgPool2d(1)})) == "avgpool"


def test_what_the_registry_says_of_its_own_is_so() -> None:
    for name in ("efficientnet_lite0", "resnet50", "vgg16"):
        with torch.device("meta"):
            model = build(replace(lookup(name), pooling="avg"), None)
        assert (average_of(model) is not None) is lookup(name).averages
