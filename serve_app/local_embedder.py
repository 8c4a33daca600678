"""The way to a model in this very process, without Ray."""

from __future__ import annotations

from imagesearch.models.encoder import Encoder
from imagesearch.types import PixelBatch, Vectors
from serve_app.batcher import Batcher


class LocalEmbedder:
    """ports.Embedder over an encoder: for tests, and for serving under any ASGI server."""

    def __init__(self, encoder: Encoder) -> None:
        self.fingerprint = encoder.fingerprint
        self._batcher = Batcher(encoder.encode, encoder.batch)

    async def embed(self, pixels: PixelBatch) -> Vectors:
        """Return one embedding a picture, in order. Raises EmbeddingFailed, Overloaded."""
        return await self._batcher.embed(pixels)

    def close(self) -> None:
        """Stop the model's thread."""
        self._batcher.close()
