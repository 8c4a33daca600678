"""The network run by PyTorch on a GPU: half precision, copies that overlap the passes, recorded passes. Not yet run on one."""

from __future__ import annotations

import torch

from imagesearch.errors import EmbeddingFailed
from imagesearch.models.network import PixelNetwork
from imagesearch.models.runtimes.slices import slices
from imagesearch.types import PixelBatch, Vectors

# Pictures of one pass. While one slice is computed the next is copied, so a batch should be several; 64 of 224 px fill a GPU.
SLICE = 64
# With recorded passes a slice is padded to one of these: each is a recording, with memory of its own.
BUCKETS = (1, 8, 32, SLICE)
# Lets cuDNN choose its kernels and PyTorch allocate what it keeps, before a pass is recorded.
WARM_UP_PASSES = 3


def cuda_available() -> bool:
    """Say whether PyTorch sees a CUDA device in this process."""
    return torch.cuda.is_available()


class CudaBackbone:
    """Runs a network on the current CUDA device. Takes the network given for itself."""

    device = "cuda"
    runtime = "torch"

    def __init__(self, network: PixelNetwork, precision: str, graphs: bool) -> None:
        self._precision: torch.dtype = getattr(torch, precision)
        self._network = network.to("cuda").to(memory_format=torch.channels_last)
        self._copies = torch.cuda.Stream()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        self._buckets = BUCKETS if graphs else None
        self._recorded: dict[int, tuple[torch.cuda.CUDAGraph, torch.Tensor, torch.Tensor]] = {}

    def forward(self, pixels: PixelBatch) -> Vectors:
        """Map uint8 (n, s, s, 3) to float32 (n, dim). Raises EmbeddingFailed where PyTorch gives up, as on memory."""
        try:
            with torch.inference_mode():
                parts = []
                for start, stop, size in slices(len(pixels), SLICE, self._buckets):
                    # Nothing here waits for the device: while it computes one slice, the next is pinned and copied.
                    on_device = self._copied(pixels[start:stop])
                    parts.append(self._run(on_device, size) if self._buckets else self._pass(on_device))
                features: Vectors = torch.cat(parts).cpu().numpy()
        except RuntimeError as exc:
            raise EmbeddingFailed(f"PyTorch failed on a batch of {len(pixels)} on the GPU: {exc}") from exc
        return features

    def _copied(self, pixels: PixelBatch) -> torch.Tensor:
        # A copy on the host first, since torch takes no read-only array; only from pinned memory does a copy run by itself.
        pinned = torch.tensor(pixels).pin_memory()
        with torch.cuda.stream(self._copies):
            on_device = pinned.to("cuda", non_blocking=True)
        computing = torch.cuda.current_stream()
        computing.wait_stream(self._copies)
        # Else the allocator would give the memory to the next copy while this slice is still being read.
        on_device.record_stream(computing)
        return on_device

    def _pass(self, on_device: torch.Tensor) -> torch.Tensor:
        # Without autocast's cache of cast weights, which a recording would hold on to.
        with torch.autocast("cuda", self._precision, enabled=self._precision != torch.float32, cache_enabled=False):
            features: torch.Tensor = self._network(on_device)
        return features

    def _run(self, on_device: torch.Tensor, size: int) -> torch.Tensor:
        """Replay the recorded pass of `size` pictures; what lies behind the slice's own is left over and means nothing."""
        if size not in self._recorded:
            self._recorded[size] = self._record(on_device.new_zeros((size, *on_device.shape[1:])))
        graph, static_input, static_output = self._recorded[size]
        static_input[: len(on_device)].copy_(on_device)
        graph.replay()
        return static_output[: len(on_device)].clone()

    def _record(self, static_input: torch.Tensor) -> tuple[torch.cuda.CUDAGraph, torch.Tensor, torch.Tensor]:
        aside = torch.cuda.Stream()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):
            for _ in range(WARM_UP_PASSES):
                self._pass(static_input)
        torch.cuda.current_stream().wait_stream(aside)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            static_output = self._pass(static_input)
        return graph, static_input, static_output
