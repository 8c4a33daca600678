"""Stage 2, on the device: pixels to vectors, in batches as large as the settings say."""

from __future__ import annotations

import logging
from functools import cached_property
from time import perf_counter

import numpy as np

from config.settings import Settings
from imagesearch.errors import EmbeddingFailed, ImageSearchError
from imagesearch.images.s3 import S3
from imagesearch.models.encoder import Encoder
from imagesearch.models.load import open_encoder
from imagesearch.types import PixelBatch
from jobs.batch import Embedded

logger = logging.getLogger(__name__)


class Embedding:
    """Owns the model of one embedding process."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @cached_property
    def _encoder(self) -> Encoder:
        s3 = S3(self._settings.s3)
        try:
            # As many threads as the actor has CPUs: on a machine with more of them there are more actors, and passes of one
            # thread each wait for nobody.
            load = self._settings.load
            return open_encoder(self._settings.model, s3, load.embed_batch, max(1, int(load.embed_cpus)))
        finally:
            s3.close()

    def ready(self) -> str:
        """Load the model and return its fingerprint. Raises ConfigError, ModelError."""
        logger.info("embedding with %s on %s", self._encoder.fingerprint, self._encoder.device)
        return str(self._encoder.fingerprint)

    def embed(self, pixels: PixelBatch) -> tuple[Embedded, float]:
        """Embed the batch's fresh pictures; the number is the seconds that it took."""
        started = perf_counter()
        vectors, failed = embed_each(self._encoder, pixels)
        seconds = perf_counter() - started
        return Embedded(self._encoder.fingerprint, vectors, failed, seconds), seconds


def embed_each(encoder: Encoder, pixels: np.ndarray) -> tuple[np.ndarray, dict[int, ImageSearchError]]:
    """Embed all pictures; one without a usable vector is told apart, and its row in the result is zero."""
    vectors = np.zeros((len(pixels), encoder.fingerprint.dim), np.float32)
    failed: dict[int, ImageSearchError] = {}
    while len(failed) < len(pixels):
        good = np.array([i for i in range(len(pixels)) if i not in failed])
        try:
            vectors[good] = encoder.encode(pixels[good] if failed else pixels)
            break
        except EmbeddingFailed as exc:
            if "row" not in exc.data:
                raise
            failed[int(good[exc.data["row"]])] = exc
    return vectors, failed
