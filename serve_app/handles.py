"""The way to the model over a Ray Serve handle, with Ray's errors put into ours."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from ray.exceptions import RayError, RayTaskError
from ray.serve.exceptions import BackPressureError, RayServeException
from ray.serve.handle import DeploymentHandle

from imagesearch.errors import ImageSearchError, ModelError, Overloaded, StoreUnavailable
from imagesearch.types import Embedded, Fingerprint, PixelBatch
from telemetry.fields import request_id
from telemetry.tracing import Tracer, Untraced

# How the embedder is named among the stores that can be down.
STORE = "embedder"


class RemoteEmbedder:
    """ports.Embedder over the handle of a deployment of Embedder."""

    def __init__(
        self, handle: DeploymentHandle[Any], fingerprint: Fingerprint, timeout_s: float, tracer: Tracer | None = None
    ) -> None:
        self.fingerprint = fingerprint
        self._handle = handle
        self._timeout_s = timeout_s
        self._tracer = tracer or Untraced()

    async def embed(self, pixels: PixelBatch) -> Embedded:
        """Return one embedding a picture, in order; waits for a cold start within the timeout.

        Raises Overloaded where the queue is full, StoreUnavailable(store="embedder") where no replica answers, EmbeddingFailed for
        pictures without a usable vector, and ModelError for what the replica did not expect.
        """
        return await self._patiently(self._handle.embed, pixels)

    async def embed_texts(self, texts: Sequence[str]) -> Embedded:
        """Return one embedding a text, in order. Raises NoTextSearch, and what `embed` raises."""
        return await self._patiently(self._handle.embed_texts, texts)

    async def _patiently(self, method: DeploymentHandle[Any], rows: PixelBatch | Sequence[str]) -> Embedded:
        try:
            async with asyncio.timeout(self._timeout_s):
                try:
                    return await self._call(method, rows)
                except StoreUnavailable:
                    # A replica that died or was scaled away under the call: embedding twice harms nobody.
                    return await self._call(method, rows)
        except TimeoutError as exc:
            raise StoreUnavailable(f"the embedder did not answer within {self._timeout_s} s", store=STORE) from exc

    async def _call(self, method: DeploymentHandle[Any], rows: PixelBatch | Sequence[str]) -> Embedded:
        response = method.remote(rows, {"request_id": request_id(), **self._tracer.carried()})
        try:
            embedded: Embedded = await response
        except asyncio.CancelledError as exc:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                # Our time is over or the caller hung up: the replica must not go on for nobody.
                response.cancel()  # type: ignore[no-untyped-call]  # Ray left this one method without types
                raise
            raise StoreUnavailable("the embedder gave the call up", store=STORE) from exc
        except BackPressureError as exc:
            raise Overloaded("too many pictures wait for the embedder") from exc
        except RayTaskError as exc:
            if isinstance(exc.cause, ImageSearchError):
                raise exc.cause from exc
            raise ModelError(f"the embedder failed: {type(exc.cause).__name__}") from exc
        except (RayError, RayServeException) as exc:
            raise StoreUnavailable(f"the embedder does not answer: {type(exc).__name__}", store=STORE) from exc
        return embedded
