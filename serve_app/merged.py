"""One ranking from several searches, each by a vector of its own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from imagesearch.types import Hit


@dataclass(frozen=True, slots=True)
class Merged:
    """Hits, best first, and by which vector each was found with its score; `more`: there are others, with lower scores."""

    hits: list[Hit]
    views: dict[int, int]
    more: bool


def merged(found: Sequence[list[Hit]], asked: int) -> Merged:
    """Merge what was found by each vector, best first, up to `asked` hits each; a picture counts with its best score.

    What a full answer left out may score as high as its last hit: below the highest of these the ranking would have gaps, and ends.
    """
    views: dict[int, int] = {}
    best: dict[int, Hit] = {}
    for view, hits in enumerate(found):
        for hit in hits:
            if hit.milvus_id not in best or hit.score > best[hit.milvus_id].score:
                best[hit.milvus_id] = hit
                views[hit.milvus_id] = view
    ends = [hits[-1].score for hits in found if len(hits) >= asked]
    floor = max(ends, default=-math.inf)
    ranked = sorted(best.values(), key=lambda hit: -hit.score)
    return Merged([hit for hit in ranked if hit.score >= floor], views, bool(ends))
