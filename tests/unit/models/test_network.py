from __future__ import annotations

from pathlib import Path

import pytest
import torch

from config.sections import ModelSettings
from imagesearch.models.load import fingerprint_of
from imagesearch.models.network import build
from imagesearch.models.pooling import GeneralisedMean
from imagesearch.models.registry import lookup


def fc(rows: int, columns: int) -> dict[str, torch.Tensor]:
    return {"weight": torch.zeros(rows, columns), "bias": torch.zeros(rows)}


@pytest.mark.parametrize("name", ["efficientnet_lite0", "resnet50", "timm:mobilenetv3_small_050"])
def test_a_file_with_a_head_gives_the_headless_network(name: str, tmp_path: Path) -> None:
    spec = lookup(name)
    tensors = build(spec, None).state_dict()
    tensors |= {f"{spec.head[0]}{part}": tensor for part, tensor in fc(1000, spec.dim).items()}
    first = next(iter(tensors))
    tensors[first] = torch.full_like(tensors[first], 0.01)
    torch.save(tensors, tmp_path / "w.pth")
    model = build(spec, tmp_path / "w.pth")
    assert torch.equal(model.state_dict()[first], tensors[first])
    with torch.inference_mode():
        assert model(torch.rand(2, 3, 64, 64)).shape == (2, spec.dim)


def test_vgg16_ends_after_the_activation_of_fc7() -> None:
    # Half a gigabyte: built once, and without memory.
    with torch.device("meta"):
        model = build(lookup("vgg16"), None)
        assert model(torch.empty(1, 3, 224, 224)).shape == (1, 4096)
    assert isinstance(model.classifier, torch.nn.Sequential)
    assert isinstance(model.classifier[-1], torch.nn.ReLU)
    assert not [name for name in model.state_dict() if name.startswith("classifier.6.")]


def test_a_network_is_in_evaluation_mode() -> None:
    assert not any(module.training for module in build(lookup("resnet50"), None).modules())


def test_random_weights_are_the_same_each_time_and_leave_the_generator_alone() -> None:
    spec = lookup("timm:mobilenetv3_small_050")
    torch.manual_seed(3)
    before = torch.rand(4)
    torch.manual_seed(3)
    one, two = build(spec, None).state_dict(), build(spec, None).state_dict()
    assert torch.equal(torch.rand(4), before)
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_lite0_pools_by_the_generalised_mean_and_its_fingerprint_says_so() -> None:
    spec = lookup("efficientnet_lite0")
    assert isinstance(build(spec, None).global_pool, GeneralisedMean)
    assert fingerprint_of(ModelSettings(weights="random"), None)[0].preprocess == "squash-224-bilinear-gem"
    assert fingerprint_of(ModelSettings(name="resnet50", weights="random"), None)[0].preprocess == "squash-224-bilinear"
