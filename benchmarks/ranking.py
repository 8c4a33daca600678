"""The exact ranking, by numpy over every vector, that the index's answer is held against."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from imagesearch.types import Vector

# The same picture embedded in two processes, in passes of different sizes, differs by float noise of about 1e-6.
TIE = 1e-5


class ExactRanking:
    """All vectors in memory; a score is the inner product of unit vectors, which is the cosine."""

    def __init__(self, vectors: Mapping[int, Vector]) -> None:
        self._ids = np.fromiter(vectors, np.int64, len(vectors))
        self._matrix = np.stack(list(vectors.values()))

    def agreement(self, query: Vector, answer: Sequence[int], top_k: int) -> float:
        """Return the share of the exact top `top_k` that the answer holds, in any order, in [0, 1].

        An id whose score is within 1e-5 of the last place's counts as belonging there. What the answer lacks or says twice is
        missed; where fewer than `top_k` vectors exist, all of them are the exact answer.
        """
        scores = self._matrix @ query
        places = min(top_k, len(scores))
        last = np.partition(scores, -places)[-places]
        right = set(self._ids[scores >= last - TIE].tolist())
        return len(right.intersection(answer[:top_k])) / places
