"""The Embedder deployment: one model on one device, filled by the requests of all ingresses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from pydantic import Field

from config.sections import Section
from config.settings import Settings
from imagesearch.images.s3 import S3
from imagesearch.types import Embedded, PixelBatch
from serve_app.passes import open_passes
from telemetry.fields import NOTHING, logged_with
from telemetry.logs import log_to_serve
from telemetry.ray_meter import RayMeter
from telemetry.soon_meter import SoonMeter
from telemetry.tracing import open_tracer


class BatchOptions(Section):
    """`user_config` of the deployment."""

    max_batch_size: int = Field(32, ge=1, le=4096, description="pictures in one forward pass")
    batch_wait_ms: float = Field(0.0, ge=0, le=1000, description="how long a pass waits for company; 0: takes what has queued")


class Embedder:
    """A replica; ready once the model is loaded and warm."""

    def __init__(self, settings: Settings) -> None:
        log_to_serve(settings.logs)
        self._tracer = open_tracer(settings.tracing, "embedder")
        s3 = S3(settings.s3)
        try:
            meter = SoonMeter(RayMeter())
            self._passes = open_passes(settings.model, s3, BatchOptions().max_batch_size, meter, self._tracer)
        finally:
            s3.close()

    async def embed(self, pixels: PixelBatch, caller: Mapping[str, str] = NOTHING) -> Embedded:
        """Embed one caller's pictures, one or several, together with other callers'. Raises EmbeddingFailed, Overloaded.

        `caller`: its request's `request_id`, and the `traceparent` of what it does.
        """
        with self._served(caller):
            return await self._passes.embed(pixels)

    async def embed_texts(self, texts: Sequence[str], caller: Mapping[str, str] = NOTHING) -> Embedded:
        """Embed one caller's texts together with other callers'. Raises NoTextSearch, EmbeddingFailed, Overloaded."""
        with self._served(caller):
            return await self._passes.embed_texts(texts)

    @contextmanager
    def _served(self, caller: Mapping[str, str]) -> Iterator[None]:
        known = {"request_id": caller["request_id"]} if caller.get("request_id") else {}
        with logged_with(**known), self._tracer.served("embedder", caller):
            yield

    def reconfigure(self, user_config: dict[str, Any]) -> None:
        """Take a new batch size and wait, without a restart; a wrong value fails the deployment with its name."""
        options = BatchOptions.model_validate(user_config)
        self._passes.configure(options.max_batch_size, options.batch_wait_ms)

    def check_health(self) -> None:
        """Raise where the device fails every pass, so that Serve replaces this replica."""
        self._passes.check_health()
