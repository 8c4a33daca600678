"""The runtimes of the CPU by their names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from imagesearch.models.located import LocatedModel
from imagesearch.models.runtimes.exports import obtain
from imagesearch.models.runtimes.reference import check

if TYPE_CHECKING:
    from imagesearch.models.runtimes.onnx_backbone import OnnxBackbone
    from imagesearch.models.runtimes.torch_backbone import TorchBackbone


def open_on_cpu(runtime: str, model: LocatedModel, cache: Path, threads: int) -> OnnxBackbone | TorchBackbone:
    """Load the model into the runtime, `onnx` or `torch`, and hold its vectors against the reference's.

    Raises RuntimeMismatch, WeightsNotFound, WeightsMismatch, and for onnx what `obtain` raises, and ModelError for a file that it
    does not take.
    """
    return _with_onnx(model, cache, threads) if runtime == "onnx" else _with_torch(model, threads)


def _with_onnx(model: LocatedModel, cache: Path, threads: int) -> OnnxBackbone:
    from imagesearch.models.runtimes.onnx_backbone import OnnxBackbone

    export = obtain(model, cache)
    backbone = OnnxBackbone(export.model, threads)
    check(backbone, model.spec.preprocess.input_size, export.reference, "onnx")
    return backbone


def _with_torch(model: LocatedModel, threads: int) -> TorchBackbone:
    # Seconds of imports, and some hundred megabytes, that a process without torch does not pay.
    from imagesearch.models.network import build_for_pixels
    from imagesearch.models.runtimes.torch_backbone import TorchBackbone, reference_of

    network = build_for_pixels(model.spec, model.weights)
    size = model.spec.preprocess.input_size
    reference = reference_of(network, size, threads)
    backbone = TorchBackbone(network, threads)
    check(backbone, size, reference, "torch")
    return backbone
