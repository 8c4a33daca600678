"""The forward passes of a model: of pictures, and of texts where it takes them."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import numpy as np

from config.sections import ModelSettings
from imagesearch.errors import ModelError, NoTextSearch
from imagesearch.metrics import Meter
from imagesearch.models.encoder import Encoder
from imagesearch.models.load import open_encoders
from imagesearch.models.weights import ObjectStore
from imagesearch.ports import TextEncoder
from imagesearch.types import Embedded, PixelBatch
from serve_app.batcher import Batcher, forward_thread
from telemetry.tracing import Tracer

logger = logging.getLogger(__name__)

# One can be chance; a device that is broken fails every pass, and only a new process gets it back.
FAILURES_BEFORE_RESTART = 3
# On a CPU a picture costs the same in a pass of 8 as in one of 32, and its caller waits for all of them.
CPU_BATCH = 8
# The text tower is where the other one is, always by PyTorch (imagesearch/models/text.py).
TEXT_RUNTIME = "torch"


class Passes:
    """ports.Embedder over a model in this very process. Batches pictures and texts, each among themselves; one pass at a time,
    since both towers are on one device.
    """

    def __init__(
        self, encoder: Encoder, texts: TextEncoder | None = None, meter: Meter | None = None, tracer: Tracer | None = None
    ) -> None:
        self.fingerprint = encoder.fingerprint
        self._encoder = encoder
        self._texts = texts
        thread = forward_thread()
        self._of_pictures = Batcher(encoder.encode, encoder.batch, meter=meter, tracer=tracer, thread=thread)
        # Not measured: the histograms are of pictures, and a text costs a fraction of one.
        self._of_texts: Batcher | None = None
        if texts is not None:
            encode = texts.encode
            self._of_texts = Batcher(lambda rows: encode(rows.tolist()), texts.batch, tracer=tracer, what="text", thread=thread)

    def check_health(self) -> None:
        """Raise ModelError where the device fails every pass: this process has to be replaced."""
        failures = max(self._of_pictures.failures, self._of_texts.failures if self._of_texts else 0)
        if failures >= FAILURES_BEFORE_RESTART:
            raise ModelError(f"the last {failures} forward passes failed")

    async def embed(self, pixels: PixelBatch) -> Embedded:
        """Return one embedding a picture, in order. Raises EmbeddingFailed, Overloaded, ModelError."""
        return Embedded(await self._of_pictures.embed(pixels), self._encoder.runtime, self._encoder.device)

    async def embed_texts(self, texts: Sequence[str]) -> Embedded:
        """Return one embedding a text, in order. Raises NoTextSearch where the model takes none, EmbeddingFailed, Overloaded,
        ModelError.
        """
        if self._of_texts is None:
            raise NoTextSearch(f"the model {self._encoder.fingerprint.model} takes pictures only")
        vectors = await self._of_texts.embed(np.array(texts, dtype=object))
        return Embedded(vectors, TEXT_RUNTIME, self._encoder.device)

    def configure(self, max_batch_size: int, wait_ms: float) -> None:
        """Take another batch size and wait, for both."""
        self._encoder.batch = self._of_pictures.max_batch_size = max_batch_size
        self._of_pictures.wait_ms = wait_ms
        if self._texts and self._of_texts:
            self._texts.batch = self._of_texts.max_batch_size = max_batch_size
            self._of_texts.wait_ms = wait_ms

    def close(self) -> None:
        """Stop after the running pass; whoever still waits is cancelled."""
        self._of_pictures.close()
        if self._of_texts:
            self._of_texts.close()


def open_passes(
    settings: ModelSettings, s3: ObjectStore, batch: int, meter: Meter | None = None, tracer: Tracer | None = None
) -> Passes:
    """Load the model and run it once, so that no caller waits for that; `batch` bounds a pass. Raises what `open_encoders` does."""
    encoder, texts = open_encoders(settings, s3, batch)
    stages = ", ".join(f"{name} {ms:.1f} ms" for name, ms in encoder.warm_up().items())
    logger.info("model %s on %s, warmed up: %s", encoder.fingerprint, encoder.device, stages)
    if texts is not None:
        texts.encode(["a warm-up"])
    return Passes(encoder, texts, meter, tracer)
