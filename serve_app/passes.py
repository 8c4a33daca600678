"""The forward passes of a model: of pictures, and of texts where it takes them."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from imagesearch.errors import NoTextSearch
from imagesearch.metrics import Meter
from imagesearch.models.encoder import Encoder
from imagesearch.ports import TextEncoder
from imagesearch.types import Embedded, PixelBatch
from serve_app.batcher import Batcher
from telemetry.tracing import Tracer

# The text tower is where the other one is, always by PyTorch (imagesearch/models/text.py).
TEXT_RUNTIME = "torch"


class Passes:
    """Batches pictures and texts, each among themselves; one pass at a time, since both towers are on one device."""

    def __init__(
        self, encoder: Encoder, texts: TextEncoder | None, meter: Meter | None = None, tracer: Tracer | None = None
    ) -> None:
        self._encoder = encoder
        self._texts = texts
        thread = ThreadPoolExecutor(1, "forward")
        self._of_pictures = Batcher(encoder.encode, encoder.batch, meter=meter, tracer=tracer, thread=thread)
        # Not measured: the histograms are of pictures, and a text costs a fraction of one.
        self._of_texts: Batcher | None = None
        if texts is not None:
            encode = texts.encode
            self._of_texts = Batcher(lambda rows: encode(rows.tolist()), texts.batch, tracer=tracer, what="text", thread=thread)

    @property
    def failures(self) -> int:
        """Passes in a row that failed, of the kind that has more of them."""
        return max(self._of_pictures.failures, self._of_texts.failures if self._of_texts else 0)

    async def embed(self, pixels: PixelBatch) -> Embedded:
        """Return one embedding a picture, in order. Raises EmbeddingFailed, Overloaded."""
        return Embedded(await self._of_pictures.embed(pixels), self._encoder.runtime, self._encoder.device)

    async def embed_texts(self, texts: Sequence[str]) -> Embedded:
        """Return one embedding a text, in order. Raises NoTextSearch where the model takes none, EmbeddingFailed, Overloaded."""
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
