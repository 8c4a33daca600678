"""The exported networks give the vectors of the ones they were exported from."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from imagesearch.errors import EmbeddingFailed, ModelError
from imagesearch.models.located import LocatedModel
from imagesearch.models.network import build_for_pixels
from imagesearch.models.runtimes.exports import obtain
from imagesearch.models.runtimes.onnx_backbone import OnnxBackbone
from imagesearch.models.runtimes.reference import least_cosine
from imagesearch.models.runtimes.torch_backbone import TorchBackbone


def pixels(n: int, model: LocatedModel) -> np.ndarray:
    size = model.spec.preprocess.input_size
    return np.random.default_rng(n).integers(0, 256, (n, size, size, 3), dtype=np.uint8)


@pytest.mark.parametrize("name", ["lite0", "small"])
def test_both_runtimes_give_the_same_vectors_at_every_batch_size(
    name: str, request: pytest.FixtureRequest, model_cache: Path
) -> None:
    model: LocatedModel = request.getfixturevalue(name)
    onnx = OnnxBackbone(obtain(model, model_cache).model, threads=1)
    torch = TorchBackbone(build_for_pixels(model.spec, model.weights), threads=1)
    for n in (1, 3, 8):
        features = onnx.forward(pixels(n, model))
        assert (features.shape, features.dtype) == ((n, model.spec.dim), np.float32)
        assert least_cosine(features, torch.forward(pixels(n, model))) >= 0.9999


def test_pixels_may_be_read_only_and_other_sizes_are_an_embedding_error(small: LocatedModel, model_cache: Path) -> None:
    backbone = OnnxBackbone(obtain(small, model_cache).model, threads=1)
    batch = pixels(2, small)
    batch.flags.writeable = False
    features = backbone.forward(batch)
    assert features.flags.writeable
    np.testing.assert_allclose(backbone.with_threads(2).forward(batch), features, rtol=1e-3, atol=1e-4)
    with pytest.raises(EmbeddingFailed, match="batch of 2"):
        backbone.forward(batch[:, :100])


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"no model")
    with pytest.raises(ModelError, match="does not take"):
        OnnxBackbone(tmp_path / "model.onnx", threads=1)


def test_a_process_that_finds_the_export_never_imports_torch(lite0: LocatedModel, model_cache: Path) -> None:
    obtain(lite0, model_cache)
    program = (
        "import sys\n"
        "from config.sections import ModelSettings\n"
        "from imagesearch.models.load import open_encoder\n"
        f"encoder = open_encoder(ModelSettings(runtime='onnx', cache_dir={str(model_cache)!r}), None)\n"
        "encoder.warm_up()\n"
        "sys.exit(bool({'torch', 'timm', 'torchvision', 'onnx'} & sys.modules.keys()))\n"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
