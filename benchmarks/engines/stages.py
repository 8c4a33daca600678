"""The work that both engines do: files to pixels, pixels to vectors. No store: what is compared is what carries it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from config.sections import ImageSettings, ModelSettings, S3Settings
from imagesearch.images.decode import decode
from imagesearch.images.facts import facts
from imagesearch.images.s3 import S3
from imagesearch.models.encoder import Encoder
from imagesearch.models.load import fingerprint_of, open_encoder
from imagesearch.models.preprocess import Preprocess
from imagesearch.types import PixelBatch, Pixels

THREADS = 8
FORWARD = 32


class Decoding:
    """The CPU stage: reads, decodes and hashes, as the product's does."""

    def __init__(self, model: ModelSettings) -> None:
        s3 = S3(S3Settings())
        _, self._preprocess = fingerprint_of(model, s3)
        s3.close()
        self._threads = ThreadPoolExecutor(THREADS)

    def decode(self, paths: Sequence[str]) -> PixelBatch:
        """Return the pictures as model input, in order."""
        return np.stack(list(self._threads.map(lambda path: _prepared(Path(path), self._preprocess), paths)))


class Embedding:
    """The device stage."""

    def __init__(self, model: ModelSettings) -> None:
        s3 = S3(S3Settings())
        self._encoder: Encoder = open_encoder(model, s3, FORWARD)
        s3.close()

    def embed(self, pixels: PixelBatch) -> tuple[int, float]:
        """Embed the batch and return its size and when that was done, in Unix time; the vectors go no further."""
        return len(self._encoder.encode(pixels)), time.time()


def _prepared(path: Path, preprocess: Preprocess) -> Pixels:
    data = path.read_bytes()
    decoded = decode(data, ImageSettings(), preprocess.at_least)
    facts(data, decoded)
    return preprocess(decoded.rgb)
