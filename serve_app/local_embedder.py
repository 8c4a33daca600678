"""The way to a model in this very process, without Ray."""

from __future__ import annotations

from collections.abc import Sequence

from imagesearch.models.encoder import Encoder
from imagesearch.ports import TextEncoder
from imagesearch.types import Embedded, PixelBatch
from serve_app.passes import Passes
from telemetry.tracing import Tracer


class LocalEmbedder:
    """ports.Embedder over the encoders of a model: for tests, and for serving under any ASGI server."""

    def __init__(self, encoder: Encoder, texts: TextEncoder | None = None, tracer: Tracer | None = None) -> None:
        self.fingerprint = encoder.fingerprint
        self._passes = Passes(encoder, texts, tracer=tracer)

    async def embed(self, pixels: PixelBatch) -> Embedded:
        """Return one embedding a picture, in order. Raises EmbeddingFailed, Overloaded."""
        return await self._passes.embed(pixels)

    async def embed_texts(self, texts: Sequence[str]) -> Embedded:
        """Return one embedding a text, in order. Raises NoTextSearch, EmbeddingFailed, Overloaded."""
        return await self._passes.embed_texts(texts)

    def close(self) -> None:
        """Stop the model's thread."""
        self._passes.close()
