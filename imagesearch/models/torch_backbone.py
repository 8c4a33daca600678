"""The network on its device, run by PyTorch."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import torch

from imagesearch.errors import ConfigError, EmbeddingFailed
from imagesearch.types import PixelBatch, Vectors

log = logging.getLogger(__name__)


class TorchBackbone:
    """Normalises pixels and runs the network on `device`, which `auto` makes cuda where there is one, else cpu.

    On cuda in float16, whose noise leaves the cosine of a picture with itself above 0.9999; bfloat16 would let it fall to 0.996.
    """

    def __init__(
        self, model: torch.nn.Module, mean: Sequence[float], std: Sequence[float], device: str = "auto", threads: int = 1
    ) -> None:
        available = torch.cuda.is_available()
        if device == "cuda" and not available:
            raise ConfigError("model.device is cuda, and this process sees no CUDA device; set cpu or auto, or give it a GPU")
        self.device = ("cuda" if available else "cpu") if device == "auto" else device
        # Ray sets OMP_NUM_THREADS to an actor's num_cpus, 1 by default: the number is chosen here, not left to it.
        torch.set_num_threads(threads)
        log.info("model runs on %s (model.device is %s), %d CPU threads", self.device, device, threads)
        self._model = model.eval().to(self.device).to(memory_format=torch.channels_last)
        # (pixel / 255 - mean) / std as one multiplication and one addition.
        self._scale = self._per_channel([1 / (255 * s) for s in std])
        self._shift = self._per_channel([-m / s for m, s in zip(mean, std, strict=True)])

    def forward(self, pixels: PixelBatch) -> Vectors:
        """Map uint8 (n, s, s, 3) to float32 (n, dim). Raises EmbeddingFailed where PyTorch gives up, as on memory."""
        # A copy, since torch takes no read-only array, which is what Ray's object store hands out.
        batch = torch.tensor(pixels)
        try:
            with torch.inference_mode(), torch.autocast(self.device, torch.float16, enabled=self.device == "cuda"):
                if self.device == "cuda":
                    batch = batch.pin_memory().to(self.device, non_blocking=True)
                # (n, s, s, 3) seen as (n, 3, s, s) is the channels_last layout already.
                images = batch.permute(0, 3, 1, 2).float().mul_(self._scale).add_(self._shift)
                features: Vectors = self._model(images).float().cpu().numpy()
        except RuntimeError as exc:
            raise EmbeddingFailed(f"the model failed on a batch of {len(pixels)} on {self.device}: {exc}") from exc
        return features

    def _per_channel(self, values: list[float]) -> torch.Tensor:
        return torch.tensor(values, dtype=torch.float32, device=self.device).view(1, 3, 1, 1)
