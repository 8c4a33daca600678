from __future__ import annotations

import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from config.sections import ModelSettings
from imagesearch.errors import WeightsMismatch, WeightsNotFound
from imagesearch.models.checkpoint import load_weights, read
from imagesearch.models.network import build
from imagesearch.models.registry import lookup
from imagesearch.models.weights import ObjectStore, locate

SMALL = lookup("timm:mobilenetv3_small_050")
LITE0 = lookup("efficientnet_lite0")


def other_weights() -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(7)
    return {
        name: torch.rand(tensor.shape, generator=generator) if tensor.is_floating_point() else tensor.clone()
        for name, tensor in build(SMALL, None).state_dict().items()
    }


def saved(tensors: object, tmp_path: Path, name: str = "w.pth") -> Path:
    path = tmp_path / name
    torch.save(tensors, path)
    return path


def same(model: torch.nn.Module, tensors: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(tensor, tensors[name]) for name, tensor in model.state_dict().items())


def test_every_tensor_of_the_file_is_in_the_model(tmp_path: Path) -> None:
    tensors = other_weights()
    assert same(build(SMALL, saved(tensors, tmp_path)), tensors)


def test_safetensors_are_read_too(tmp_path: Path) -> None:
    tensors = other_weights()
    save_file(tensors, tmp_path / "w.safetensors")
    assert same(build(SMALL, tmp_path / "w.safetensors"), tensors)


def test_a_classifier_in_the_file_is_left_out(tmp_path: Path) -> None:
    tensors = other_weights()
    head = {"classifier.weight": torch.rand(1000, 1024), "classifier.bias": torch.rand(1000)}
    assert same(build(SMALL, saved({**tensors, **head}, tmp_path)), tensors)


def test_any_other_tensor_too_many_is_an_error(tmp_path: Path) -> None:
    path = saved({**other_weights(), "extra.weight": torch.rand(2)}, tmp_path)
    with pytest.raises(WeightsMismatch, match=r"w\.pth are not of timm:mobilenetv3_small_050: 1 do not fit: extra\.weight not in"):
        build(SMALL, path)


def test_missing_tensors_are_counted_and_the_first_are_named(tmp_path: Path) -> None:
    tensors = other_weights()
    wanted = [name for name in tensors if not name.endswith("num_batches_tracked")]
    for name in wanted[:5]:
        del tensors[name]
    with pytest.raises(WeightsMismatch) as caught:
        build(SMALL, saved(tensors, tmp_path))
    assert "5 do not fit" in caught.value.detail
    assert all(name in caught.value.detail for name in wanted[:3])
    assert wanted[3] not in caught.value.detail


def test_a_wrong_shape_is_told(tmp_path: Path) -> None:
    tensors = other_weights() | {"conv_stem.weight": torch.rand(16, 1, 3, 3)}
    with pytest.raises(WeightsMismatch, match=r"conv_stem\.weight \(16, 1, 3, 3\) for \(16, 3, 3, 3\)"):
        build(SMALL, saved(tensors, tmp_path))


def test_a_file_from_before_the_step_counters_fits(tmp_path: Path) -> None:
    tensors = {name: tensor for name, tensor in other_weights().items() if not name.endswith("num_batches_tracked")}
    model = build(SMALL, saved(tensors, tmp_path))
    assert torch.equal(model.state_dict()["conv_stem.weight"], tensors["conv_stem.weight"])


def test_another_models_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsMismatch, match=r"w\.pth are not of efficientnet_lite0: \d+ do not fit: "):
        build(LITE0, saved(other_weights(), tmp_path))


def test_the_packages_names_are_mapped_by_order(objects: ObjectStore) -> None:
    path = locate(LITE0, ModelSettings(), objects)
    assert path is not None
    theirs = read(path)
    ours = build(LITE0, path).state_dict()
    assert torch.equal(ours["conv_stem.weight"], theirs["_conv_stem.weight"])
    assert torch.equal(ours["bn2.running_var"], theirs["_bn1.running_var"])
    assert len(ours) == len(theirs) - 2


def test_a_swap_of_tensors_of_one_shape_is_seen(tmp_path: Path, objects: ObjectStore) -> None:
    path = locate(LITE0, ModelSettings(), objects)
    assert path is not None
    names = list(tensors := read(path))
    names[1], names[2] = names[2], names[1]
    with pytest.raises(WeightsMismatch, match=r"_bn0\.bias for bn1\.weight"):
        build(LITE0, saved({name: tensors[name] for name in names}, tmp_path))


@pytest.mark.parametrize("kept", [0, 1, 100, 0.3, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("kind", ["zip", "legacy", "safetensors"])
def test_a_truncated_file_is_refused(kind: str, kept: float, tmp_path: Path) -> None:
    path = tmp_path / ("w.safetensors" if kind == "safetensors" else "w.pth")
    if kind == "safetensors":
        save_file(other_weights(), path)
    else:
        torch.save(other_weights(), path, _use_new_zipfile_serialization=kind == "zip")
    whole = path.read_bytes()
    path.write_bytes(whole[: int(kept if kept >= 1 else kept * len(whole))])
    with pytest.raises(WeightsMismatch, match=path.name):
        read(path)


@pytest.mark.parametrize("content", [b"<html>404</html>", b"\x80\x02N.", b"\0" * 5000, b"\xff\xd8\xff\xe0" * 100])
@pytest.mark.parametrize("name", ["w.pth", "w.safetensors"])
def test_a_file_of_something_else_is_refused(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(WeightsMismatch, match=name):
        read(tmp_path / name)


@pytest.mark.parametrize("value", [[1, 2], {"epoch": 3, "state_dict": {}}, torch.zeros(3)])
def test_a_file_of_no_named_tensors_is_refused(value: object, tmp_path: Path) -> None:
    with pytest.raises(WeightsMismatch, match="not tensors by name"):
        read(saved(value, tmp_path))


class Bomb:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.mark,)


def test_code_in_a_file_is_not_run(tmp_path: Path) -> None:
    path = saved({"weight": Bomb(tmp_path / "ran")}, tmp_path)
    with pytest.raises(WeightsMismatch, match=r"w\.pth"):
        read(path)
    path.write_bytes(pickle.dumps(Bomb(tmp_path / "ran"), protocol=2))
    with pytest.raises(WeightsMismatch, match=r"w\.pth"):
        read(path)
    assert not (tmp_path / "ran").exists()


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    for name in ("gone.pth", "gone.safetensors"):
        with pytest.raises(WeightsNotFound, match=name):
            load_weights(torch.nn.Identity(), tmp_path / name, SMALL)
