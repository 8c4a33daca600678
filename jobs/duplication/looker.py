"""Looks for the copies of a page of pictures: one process's own stores and judge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from config.settings import Settings
from imagesearch.pairs import Pair
from imagesearch.stores.factory import open_stores
from jobs.duplication.judge import Judge
from jobs.duplication.neighbours import Neighbours
from jobs.learning.in_force import in_force

# Pairs that are less likely copies than this are not kept; no threshold can be lower.
LIKELY = 0.5


@dataclass(frozen=True, slots=True)
class Looked:
    """What a page of `looked` pictures, the last of them `upto`, came to; `unread` pictures could not be read."""

    upto: int
    looked: int
    unread: int
    pairs: list[Pair]


class Looker:
    """Owns the stores of one process that looks."""

    def __init__(self, settings: Settings) -> None:
        self._stores = open_stores(settings)
        self._neighbours = Neighbours(self._stores)
        self._judge = Judge(self._stores.sources, settings.images, in_force(self._stores))

    def ready(self) -> str:
        """Say that there is nothing more to open."""
        return "ready"

    def look(self, ids: Sequence[int], namespace: str, count: int) -> Looked:
        """Hold each picture of the namespace against its `count` nearest; `ids` ascend. The same bytes under several paths are a
        pair with itself.

        Raises StoreError.
        """
        before = self._judge.unread
        judged = self._judge.pairs(self._neighbours.of(ids, namespace, count))
        twice = [Pair(one, one, "exact", 1.0) for one in sorted(self._stores.catalog.seen_twice(ids))]
        pairs = [pair for pair in judged if pair.copy >= LIKELY]
        return Looked(ids[-1], len(ids), self._judge.unread - before, twice + pairs)

    def close(self) -> None:
        """Close the stores."""
        self._stores.close()
