"""The one encoder of queries and index: prepare on the CPU, run the network, normalise."""

from __future__ import annotations

from time import perf_counter

import numpy as np
from PIL import Image

from imagesearch.images.orientation import Area
from imagesearch.models.preprocess import Preprocess
from imagesearch.models.unit import checked, unit
from imagesearch.ports import Backbone
from imagesearch.types import Fingerprint, PixelBatch, Pixels, Vectors


class Encoder:
    """Pictures to embeddings in three stages: `prepare` (CPU, any thread), the backbone (device), L2 normalisation."""

    def __init__(self, preprocess: Preprocess, backbone: Backbone, fingerprint: Fingerprint, batch: int = 32) -> None:
        self.preprocess = preprocess
        self.backbone = backbone
        self.fingerprint = fingerprint
        self.batch = batch

    @property
    def device(self) -> str:
        """Where the network runs."""
        return self.backbone.device

    @property
    def runtime(self) -> str:
        """What runs it: torch, onnx, or numpy for `tiny`."""
        return self.backbone.runtime

    def prepare(self, rgb: Image.Image, area: Area | None = None) -> Pixels:
        """Make model input of a picture of mode RGB, or of an area of it: uint8 (s, s, 3)."""
        return self.preprocess(rgb, area)

    def encode(self, pixels: PixelBatch) -> Vectors:
        """Embed prepared pictures, row by row, at most `batch` in one forward pass; none in gives (0, dim).

        A row does not depend on its neighbours beyond float noise. Raises EmbeddingFailed; where one picture is the cause,
        `data["row"]` is its index.
        """
        vectors = np.empty((len(pixels), self.fingerprint.dim), dtype=np.float32)
        for start in range(0, len(pixels), self.batch):
            part = pixels[start : start + self.batch]
            vectors[start : start + len(part)] = unit(self._features(part), self.fingerprint, start)
        return vectors

    def warm_up(self) -> dict[str, float]:
        """Run one picture through, so that the first query does not pay for it; the milliseconds of each stage."""
        picture = Image.linear_gradient("L").convert("RGB")
        started = perf_counter()
        pixels = self.prepare(picture)[None]
        prepared = perf_counter()
        features = self._features(pixels)
        computed = perf_counter()
        unit(features, self.fingerprint)
        done = perf_counter()
        return {
            "pre": 1000 * (prepared - started),
            "core": 1000 * (computed - prepared),
            "post": 1000 * (done - computed),
        }

    def _features(self, pixels: PixelBatch) -> Vectors:
        return checked(self.backbone.forward(pixels), len(pixels), self.fingerprint)
