"""Features to embeddings: each row in length 1."""

from __future__ import annotations

import numpy as np

from imagesearch.errors import EmbeddingFailed
from imagesearch.types import Fingerprint, Vectors


def checked(features: Vectors, rows: int, fingerprint: Fingerprint) -> Vectors:
    """Return the features, which must be of so many rows and the model's dimension. Raises EmbeddingFailed."""
    if features.shape != (rows, fingerprint.dim):
        raise EmbeddingFailed(f"{fingerprint.model} gave {features.shape} for a batch of {rows}, not dim {fingerprint.dim}")
    return features


def unit(features: Vectors, fingerprint: Fingerprint, first_row: int = 0) -> Vectors:
    """Return the rows in length 1, float32. Raises EmbeddingFailed for one that has no direction; `data["row"]`: `first_row` on."""
    # In float64, where the squares of finite float32 values cannot overflow.
    norms = np.linalg.norm(features.astype(np.float64), axis=1, keepdims=True)
    bad = np.flatnonzero(~np.isfinite(norms) | (norms == 0))
    if bad.size:
        row = first_row + int(bad[0])
        raise EmbeddingFailed(f"{fingerprint.model} gave no usable vector for row {row} of the batch", row=row)
    vectors: Vectors = (features / norms).astype(np.float32)
    return vectors
