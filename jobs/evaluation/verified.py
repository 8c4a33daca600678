"""The search with `verify`, as the evaluation asks it: the first hits are held against the copy, likely copies come first."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from PIL import Image

from imagesearch.images.features import Features, features_of
from imagesearch.images.hashes import perceptual_hash
from imagesearch.images.misfit import misfit
from imagesearch.images.overlap import overlap
from imagesearch.join import Evidence, Join
from imagesearch.models.encoder import Encoder
from imagesearch.rivals import LEAST_COPY, standings
from imagesearch.types import Hit, Pixels, Vector
from jobs.learning.case import margin_at
from jobs.learning.pictures import Pictures
from jobs.learning.worth import LIKELY


class Verified:
    """Implements searcher.Searcher; a hit's score is the probability that it is a copy. `candidates` are verified, without end."""

    name = "verified"

    def __init__(self, encoder: Encoder, pictures: Callable[[str], Pictures], join: Join, candidates: int) -> None:
        self._encoder = encoder
        self._pictures = pictures
        self._join = join
        self._candidates = candidates

    def find(self, copies: Iterable[Pixels], namespace: str, top_k: int) -> list[list[Hit]]:
        """Embed the copies in batches, search by each, and verify."""
        prepared, seen = [], []
        for image in map(Image.fromarray, copies):
            prepared.append(self._encoder.prepare(image))
            seen.append((features_of(image), int(perceptual_hash(image), 16)))
        if not prepared:
            return []
        pictures = self._pictures(namespace)
        vectors = self._encoder.encode(np.stack(prepared))
        return [self._verified(pictures, vector, *one)[:top_k] for vector, one in zip(vectors, seen, strict=True)]

    def _verified(self, pictures: Pictures, vector: Vector, features: Features, bits: int) -> list[Hit]:
        ranked = pictures.nearest(vector, self._candidates)
        met = {one for one, _ in ranked}
        near = [(one, score) for one, score in pictures.near(bits, vector) if one not in met]
        hits, evidence, held = [], [], []
        for place, (one, score) in enumerate([*ranked, *near]):
            theirs = pictures.features(one)
            if theirs is not None:
                hamming = (bits ^ pictures.hash_of(one)).bit_count()
                found = overlap(features, theirs)
                evidence.append(Evidence.of(found, score, margin_at(place, score, ranked), hamming))
                held.append((theirs, found.way))
                hits.append((one, score))
        copies = [verdict.copy for verdict in self._join.verdicts(evidence)]
        misfits = [misfit(features, *one) if copy >= LEAST_COPY else 1.0 for one, copy in zip(held, copies, strict=True)]
        order = zip(standings(copies, misfits), hits, copies, strict=True)
        told = [(standing, score, one, copy) for standing, (one, score), copy in order if one in met or copy >= LIKELY]
        return [Hit(one, copy) for _, _, one, copy in sorted(told, reverse=True)]
