"""The exported network run by ONNX Runtime on the CPU."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as state

from imagesearch.errors import EmbeddingFailed, ModelError
from imagesearch.types import PixelBatch, Vectors

# Its errors have no base of their own. RuntimeError: memory.
ERRORS = (
    RuntimeError,
    state.EPFail,
    state.Fail,
    state.InvalidArgument,
    state.InvalidGraph,
    state.InvalidProtobuf,
    state.NoSuchFile,
    state.NotImplemented,
    state.RuntimeException,
)


class OnnxBackbone:
    """A session over `path`. Raises ModelError where ONNX Runtime does not take the file."""

    device = "cpu"
    runtime = "onnx"

    def __init__(self, path: Path, threads: int) -> None:
        _share_arena()
        self._path = path
        options = onnxruntime.SessionOptions()
        # One pass at a time, by as many threads as were asked for; unset, it would take all cores, whatever the container's quota.
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # Threads that wait for work in a busy loop take the CPUs of decoding and of other models.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.add_session_config_entry("session.use_env_allocators", "1")
        # Planned anew for each batch size, which varies, and kept for each.
        options.enable_mem_pattern = False
        try:
            self._session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        except ERRORS as exc:
            raise ModelError(f"ONNX Runtime does not take {path}: {exc}") from exc

    def forward(self, pixels: PixelBatch) -> Vectors:
        """Map uint8 (n, s, s, 3) to float32 (n, dim). Raises EmbeddingFailed where ONNX Runtime gives up, as on memory."""
        try:
            features: Vectors = self._session.run(None, {"pixels": pixels})[0]
        except ERRORS as exc:
            raise EmbeddingFailed(f"ONNX Runtime failed on a batch of {len(pixels)}: {exc}") from exc
        return features

    def with_threads(self, threads: int) -> OnnxBackbone:
        """Return a backbone over the same file."""
        return OnnxBackbone(self._path, threads)


@cache
def _share_arena() -> None:
    """Give the process one arena that grows by what is asked for; the default doubles, and keeps what it had at each size.

    EfficientNet-Lite0 at batches of 1 to 32: 388 MB, which stay, instead of 563; without an arena each pass pays a third more
    for pages anew.
    """
    memory = onnxruntime.OrtMemoryInfo("Cpu", onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, onnxruntime.OrtMemType.DEFAULT)
    onnxruntime.create_and_register_allocator(memory, onnxruntime.OrtArenaCfg({"arena_extend_strategy": 1}))
