"""The Embedder deployment: one model on one device, filled by the requests of all ingresses."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from pydantic import Field

from config.sections import Section
from config.settings import Settings
from imagesearch.errors import ModelError
from imagesearch.images.s3 import S3
from imagesearch.models.load import open_encoders
from imagesearch.types import PixelBatch, Vectors
from serve_app.passes import Passes
from telemetry.ray_meter import RayMeter

# Serve shows a replica's lines only of its own logger.
logger = logging.getLogger("ray.serve")

# One can be chance; a device that is broken fails every pass, and only a new process gets it back.
FAILURES_BEFORE_RESTART = 3


class BatchOptions(Section):
    """`user_config` of the deployment."""

    max_batch_size: int = Field(32, ge=1, le=4096, description="pictures in one forward pass")
    batch_wait_ms: float = Field(0.0, ge=0, le=1000, description="how long a pass waits for company; 0: takes what has queued")


class Embedder:
    """A replica; ready once the model is loaded and warm."""

    def __init__(self, settings: Settings) -> None:
        options = BatchOptions()
        s3 = S3(settings.s3)
        try:
            encoder, texts = open_encoders(settings.model, s3, options.max_batch_size)
        finally:
            s3.close()
        stages = ", ".join(f"{name} {ms:.1f} ms" for name, ms in encoder.warm_up().items())
        logger.info("model %s on %s, warmed up: %s", encoder.fingerprint, encoder.device, stages)
        if texts is not None:
            texts.encode(["a warm-up"])
        self._passes = Passes(encoder, texts, RayMeter())

    async def embed(self, pixels: PixelBatch) -> Vectors:
        """Embed one caller's pictures, one or several, together with other callers'. Raises EmbeddingFailed, Overloaded."""
        return await self._passes.embed(pixels)

    async def embed_texts(self, texts: Sequence[str]) -> Vectors:
        """Embed one caller's texts together with other callers'. Raises NoTextSearch, EmbeddingFailed, Overloaded."""
        return await self._passes.embed_texts(texts)

    def reconfigure(self, user_config: dict[str, Any]) -> None:
        """Take a new batch size and wait, without a restart; a wrong value fails the deployment with its name."""
        options = BatchOptions.model_validate(user_config)
        self._passes.configure(options.max_batch_size, options.batch_wait_ms)

    def check_health(self) -> None:
        """Raise where the device fails every pass, so that Serve replaces this replica."""
        if self._passes.failures >= FAILURES_BEFORE_RESTART:
            raise ModelError(f"the last {self._passes.failures} forward passes failed")
