from __future__ import annotations

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from config.sections import ModelSettings
from imagesearch.errors import ConfigError, RuntimeMismatch
from imagesearch.models.located import LocatedModel
from imagesearch.models.network import build_for_pixels
from imagesearch.models.runtimes import backbone, exports
from imagesearch.models.runtimes.backbone import open_backbone, wants_cuda
from imagesearch.models.runtimes.choice import Choice
from imagesearch.models.runtimes.export import export
from imagesearch.models.runtimes.exports import MODEL, REFERENCE, name_of, obtain
from imagesearch.models.runtimes.onnx_backbone import OnnxBackbone
from imagesearch.models.runtimes.reference import pictures
from imagesearch.models.runtimes.torch_backbone import TorchBackbone

without_gpu = pytest.mark.skipif(backbone.cuda_devices() > 0, reason="says what happens where no GPU is")


@pytest.mark.parametrize(("runtime", "kind"), [("torch", TorchBackbone), ("onnx", OnnxBackbone)])
def test_the_setting_decides(runtime: str, kind: type, small: LocatedModel, model_cache: Path) -> None:
    settings = ModelSettings(device="cpu", runtime=runtime, threads=1, cache_dir=model_cache)
    assert isinstance(open_backbone(small, settings), kind)


@pytest.mark.parametrize(("runtime", "kind"), [("torch", TorchBackbone), ("onnx", OnnxBackbone)])
def test_auto_takes_what_was_found_faster(
    runtime: str, kind: type, small: LocatedModel, model_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backbone, "choose", lambda *_: Choice(runtime, 1, ""))
    assert isinstance(open_backbone(small, ModelSettings(device="cpu", cache_dir=model_cache)), kind)


@pytest.mark.parametrize(("most", "named", "used"), [(None, None, 4), (1, None, 1), (9, None, 4), (1, 3, 3)])
def test_a_process_that_has_fewer_cpus_takes_fewer_threads(
    most: int | None, named: int | None, used: int, small: LocatedModel, model_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backbone, "choose", lambda model, cache, threads: Choice("onnx", threads or 4, ""))
    opened: list[int] = []
    monkeypatch.setattr(backbone, "open_on_cpu", lambda runtime, model, cache, threads: opened.append(threads))
    open_backbone(small, ModelSettings(device="cpu", threads=named, cache_dir=model_cache), most)
    assert opened == [used]


def test_an_export_of_another_network_is_refused_at_start(small: LocatedModel, model_cache: Path, tmp_path: Path) -> None:
    folder = tmp_path / "exports" / name_of(small)
    shutil.copytree(obtain(small, model_cache).model.parent, folder)
    network = build_for_pixels(small.spec, small.weights)
    network.shift += 1
    size = small.spec.preprocess.input_size
    export(network, "wrong", size, folder / MODEL)
    with np.load(folder / REFERENCE) as kept:
        vectors = kept["vectors"]
    np.savez(folder / REFERENCE, vectors=vectors, digest=exports._digest(folder / MODEL))
    with pytest.raises(RuntimeMismatch, match="runtime onnx on cpu"):
        open_backbone(small, ModelSettings(device="cpu", runtime="onnx", cache_dir=tmp_path))
    # The other runtime is none the worse for it.
    settings = ModelSettings(device="cpu", runtime="torch", threads=1, cache_dir=tmp_path)
    assert open_backbone(small, settings).forward(pictures(size)).shape == (4, small.spec.dim)


@without_gpu
@pytest.mark.parametrize("runtime", ["auto", "torch"])
def test_a_gpu_that_is_asked_for_and_not_there_is_an_error(runtime: str) -> None:
    with pytest.raises(ConfigError, match=r"model\.device is cuda"):
        wants_cuda(ModelSettings(device="cuda", runtime=runtime))


def test_onnx_on_a_gpu_is_an_error_that_names_both_settings() -> None:
    with pytest.raises(ConfigError, match=r"model\.device .* model\.runtime"):
        wants_cuda(ModelSettings(device="cuda", runtime="onnx"))


@without_gpu
def test_looking_for_a_gpu_that_is_not_there_needs_no_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "imagesearch.models.runtimes.cuda_backbone", raising=False)
    assert not wants_cuda(ModelSettings())
    assert "imagesearch.models.runtimes.cuda_backbone" not in sys.modules


@pytest.mark.skipif(backbone.cuda_devices() == 0, reason="needs a GPU")
@pytest.mark.parametrize("graphs", [False, True])
def test_the_gpu_gives_the_vectors_of_the_cpu(graphs: bool, lite0: LocatedModel) -> None:
    on_gpu = open_backbone(lite0, ModelSettings(device="cuda", cuda_graphs=graphs))
    on_cpu = open_backbone(lite0, ModelSettings(device="cpu", runtime="torch"))
    for batch in (pictures(224), np.resize(pictures(224), (130, 224, 224, 3))):
        a, b = on_gpu.forward(batch), on_cpu.forward(batch)
        cosines = (a * b).sum(axis=1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
        assert cosines.min() >= 0.9999
