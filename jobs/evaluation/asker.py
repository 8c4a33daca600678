"""Asks every searcher about the edited copies of a picture, and judges what it finds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from config.settings import Settings
from imagesearch.errors import ImageSearchError, StoreError
from imagesearch.images.hashes import SAME_BITS
from imagesearch.models.encoder import Encoder
from imagesearch.models.load import open_encoder
from imagesearch.stores.factory import open_stores
from imagesearch.types import CatalogEntry, Hit
from jobs.evaluation.copies import REPORTED, Copies
from jobs.evaluation.sample import pixels_of
from jobs.evaluation.searcher import ByEmbedding, Searcher
from jobs.evaluation.verified import Verified
from jobs.learning.in_force import in_force
from jobs.learning.pictures import Pictures
from jobs.learning.stored import Stored

TOP_K = 10


@dataclass(frozen=True, slots=True)
class Answer:
    """What a method found for one copy: the place (from 1) and score of the picture or a copy of it, None where it is not
    among the first ten; and the first other picture.
    """

    method: str
    milvus_id: int
    edit: str
    strength: float
    rank: int | None
    score: float | None
    other_id: int | None
    other_score: float | None


class Asker:
    """Owns the stores and the model of one process that asks."""

    def __init__(self, settings: Settings, *, verified: bool = False) -> None:
        self._settings = settings
        self._stores = open_stores(settings)
        self._with_verified = verified
        self._pictures: dict[str, Pictures] = {}

    def ready(self) -> str:
        """Open the model and return its fingerprint. Raises ConfigError, ModelError."""
        return str(self._encoder.fingerprint)

    def ask(self, entry: CatalogEntry, seed: int) -> list[Answer] | str:
        """Return an answer for each method and copy; in place of them, where the picture cannot be read, the error's code.

        Raises StoreError, ModelError.
        """
        try:
            rgb = pixels_of(entry, self._stores.sources, self._settings.images)
        except StoreError:
            raise
        except ImageSearchError as exc:
            return exc.code
        answers = []
        for searcher in self._searchers:
            found = searcher.find(Copies(rgb, seed + entry.milvus_id), entry.namespace, TOP_K)
            met = {hit.milvus_id for hits in found for hit in hits}
            same = twins(entry, self._stores.catalog.perceptual_hashes(met) if met else {})
            answers += [judged(searcher.name, entry, copy, hits, same) for copy, hits in zip(REPORTED, found, strict=True)]
        return answers

    def close(self) -> None:
        """Close the stores."""
        self._stores.close()

    @cached_property
    def _encoder(self) -> Encoder:
        load = self._settings.load
        return open_encoder(self._settings.model, self._stores.s3, load.embed_batch, max(1, int(load.embed_cpus)))

    @cached_property
    def _searchers(self) -> Sequence[Searcher]:
        searchers: list[Searcher] = [ByEmbedding(self._encoder, self._stores.index)]
        if self._with_verified:
            searchers.append(Verified(self._encoder, self._stored, in_force(self._stores), self._settings.verify.candidates))
        return searchers

    def _stored(self, namespace: str) -> Pictures:
        return self._pictures.setdefault(namespace, Stored(self._settings, self._stores, namespace))


def twins(entry: CatalogEntry, hashes: Mapping[int, str]) -> set[int]:
    """Return the picture and those that a search with `group` would show as one with it."""
    ours = np.frombuffer(bytes.fromhex(entry.facts.perceptual_hash), np.uint8)
    near = {
        one
        for one, theirs in hashes.items()
        if np.bitwise_count(ours ^ np.frombuffer(bytes.fromhex(theirs), np.uint8)).sum() <= SAME_BITS
    }
    return near | {entry.milvus_id}


def judged(method: str, entry: CatalogEntry, copy: tuple[str, float], hits: Sequence[Hit], same: set[int]) -> Answer:
    """Say where among the hits one of the `same` pictures is, and which other one comes first."""
    right = next(((place, hit.score) for place, hit in enumerate(hits, 1) if hit.milvus_id in same), (None, None))
    other = next((hit for hit in hits if hit.milvus_id not in same), None)
    wrong = (None, None) if other is None else (other.milvus_id, other.score)
    return Answer(method, entry.milvus_id, *copy, *right, *wrong)
