"""A way to find a picture, as the evaluation asks it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import numpy as np
from PIL import Image

from imagesearch.models.encoder import Encoder
from imagesearch.ports import VectorIndex
from imagesearch.types import Hit, Pixels


class Searcher(Protocol):
    """One way of searching; its name is the column of the report."""

    name: str

    def find(self, copies: Iterable[Pixels], namespace: str, top_k: int) -> list[list[Hit]]:
        """Return for each RGB picture, in order, up to `top_k` hits, best first, scores higher for better. Goes over them once.

        Raises StoreError, EmbeddingFailed.
        """


class ByEmbedding:
    """The search that the service does: the encoder's vector, the index as it is set."""

    name = "embedding"

    def __init__(self, encoder: Encoder, index: VectorIndex) -> None:
        self._encoder = encoder
        self._index = index

    def find(self, copies: Iterable[Pixels], namespace: str, top_k: int) -> list[list[Hit]]:
        """Embed the copies in batches and search by each."""
        prepared = [self._encoder.prepare(Image.fromarray(one)) for one in copies]
        if not prepared:
            return []
        return [self._index.search(vector, top_k, namespace) for vector in self._encoder.encode(np.stack(prepared))]
