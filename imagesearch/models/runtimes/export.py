"""From a network to a file for ONNX Runtime."""

from __future__ import annotations

import logging
from pathlib import Path

import torch

from imagesearch.errors import ModelError
from imagesearch.models.network import PixelNetwork
from imagesearch.models.runtimes.exports import OPSET

# ValueError: a network beyond the 2 GB of a protobuf; ImportError: onnxscript is not installed.
ERRORS = (torch.onnx.OnnxExporterError, RuntimeError, ValueError, ImportError)


def export(network: PixelNetwork, name: str, size: int, path: Path) -> None:
    """Write the network, its weights and its normalisation to `path`: uint8 (n, size, size, 3) to float32 (n, dim).

    Raises ModelError where the exporter does not know the network, OSError.
    """
    example = torch.zeros((2, size, size, 3), dtype=torch.uint8)
    _quiet_exporter()
    try:
        # The older way, by running the network once, leaves 600 nodes of EfficientNet-Lite0 instead of 107.
        program = torch.onnx.export(
            network,
            (example,),
            input_names=["pixels"],
            output_names=["features"],
            opset_version=OPSET,
            dynamo=True,
            dynamic_shapes={"pixels": {0: torch.export.Dim("n")}},
            verbose=False,
        )
        if program is None:
            raise ModelError(f"{name} cannot be exported to ONNX")
        program.save(path, external_data=False)
    except ERRORS as exc:
        raise ModelError(f"{name} cannot be exported to ONNX: {str(exc).strip().partition(chr(10))[0]}") from exc


def _quiet_exporter() -> None:
    for name in ("onnxscript", "onnx_ir"):
        # A line for each of hundreds of steps, as information.
        logging.getLogger(name).setLevel(logging.WARNING)
