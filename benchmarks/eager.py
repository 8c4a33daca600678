"""PyTorch as it is used without any preparation: what the runtimes are measured against."""

from __future__ import annotations

import torch

from imagesearch.models.located import LocatedModel
from imagesearch.models.network import build
from imagesearch.types import PixelBatch, Vectors


class EagerBackbone:
    """The network in float32, in the layout that it comes in, from pixels that were normalised beforehand."""

    device = "cpu"
    runtime = "torch"

    def __init__(self, model: LocatedModel, threads: int) -> None:
        self._threads = threads
        self._network = build(model.spec, model.weights)
        self._mean = torch.tensor(model.spec.mean).view(1, 3, 1, 1)
        self._std = torch.tensor(model.spec.std).view(1, 3, 1, 1)

    def forward(self, pixels: PixelBatch) -> Vectors:
        """Map uint8 (n, s, s, 3) to float32 (n, dim)."""
        torch.set_num_threads(self._threads)
        with torch.no_grad():
            images = (torch.tensor(pixels).permute(0, 3, 1, 2).float().contiguous() / 255 - self._mean) / self._std
            features: Vectors = self._network(images).numpy()
        return features
