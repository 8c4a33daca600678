"""The network run by PyTorch on the CPU, and the vectors that every runtime is held against."""

from __future__ import annotations

import torch

from imagesearch.errors import EmbeddingFailed
from imagesearch.models.network import PixelNetwork
from imagesearch.models.runtimes.reference import pictures
from imagesearch.types import PixelBatch, Vectors


class TorchBackbone:
    """Runs a network in float32, in the memory layout that its convolutions are fastest in. Changes the network given."""

    device = "cpu"
    runtime = "torch"

    def __init__(self, network: PixelNetwork, threads: int) -> None:
        self._threads = threads
        self._network = network.to(memory_format=torch.channels_last)

    def forward(self, pixels: PixelBatch) -> Vectors:
        """Map uint8 (n, s, s, 3) to float32 (n, dim). Raises EmbeddingFailed where PyTorch gives up, as on memory."""
        return _forward(self._network, pixels, self._threads)

    def with_threads(self, threads: int) -> TorchBackbone:
        """Return a backbone over the same network."""
        return TorchBackbone(self._network, threads)


def reference_of(network: PixelNetwork, size: int, threads: int) -> Vectors:
    """Return what every runtime must give for the fixed pictures: the features in float32, of the network as it was built."""
    return _forward(network, pictures(size), threads)


def _forward(network: PixelNetwork, pixels: PixelBatch, threads: int) -> Vectors:
    # Ray sets OMP_NUM_THREADS to an actor's num_cpus, 1 by default: the number is chosen here, not left to it.
    torch.set_num_threads(threads)
    try:
        with torch.inference_mode():
            # A copy, since torch takes no read-only array, which is what Ray's object store hands out.
            features: Vectors = network(torch.tensor(pixels)).numpy()
    except RuntimeError as exc:
        raise EmbeddingFailed(f"PyTorch failed on a batch of {len(pixels)} on the CPU: {exc}") from exc
    return features
