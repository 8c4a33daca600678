"""Clusters of copies as they are told of: pictures, where each lies, and which to keep."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Any

from imagesearch.pairs import Pair
from imagesearch.stores.sql.duplicates import Duplicates
from imagesearch.types import CatalogEntry
from jobs.duplication.clusters import components, stars
from jobs.duplication.judge import Judge
from jobs.duplication.keep import keep_order
from jobs.duplication.neighbours import Neighbours, ordered

# Pictures of components that are read together, and pairs that are judged together.
PART = 1000


@dataclass(frozen=True, slots=True)
class Copy:
    """A picture that is a copy of the one to keep, what it is to that one, and how likely."""

    entry: CatalogEntry
    kind: str
    probability: float


@dataclass(frozen=True, slots=True)
class Cluster:
    """A picture to keep and its copies; without any it is one that lies in several places."""

    kept: CatalogEntry
    copies: tuple[Copy, ...]

    @property
    def spare_bytes(self) -> int:
        """How many bytes go with all but the first place of the picture to keep."""
        every = [(self.kept, len(paths_of(self.kept)) - 1), *((one.entry, len(paths_of(one.entry))) for one in self.copies)]
        return sum(entry.facts.byte_size * places for entry, places in every)

    def lines(self) -> Iterator[dict[str, Any]]:
        """Yield each place of each picture, the one to keep first: the same names as the columns of the CSV."""
        for place, path in enumerate(paths_of(self.kept)):
            yield _line(self.kept, path, *(("exact", 1.0) if place else (None, None)))
        for one in self.copies:
            for path in paths_of(one.entry):
                yield _line(one.entry, path, one.kind, one.probability)


def clusters(duplicates: Duplicates, search_id: int, least: float, neighbours: Neighbours, judge: Judge) -> Iterator[Cluster]:
    """Yield the clusters of what a search found, by the least id of a picture that led to them. Raises StoreError."""
    every = components(pair for page in duplicates.pairs(search_id, least) for pair in page)
    for part in _parts(every):
        ids = {one for component in part for one in component}
        entries = neighbours.entries(ids)
        judgements = Judgements(duplicates, search_id, neighbours, judge, ids)
        for component in part:
            # What was deleted since leads on, and is in no cluster.
            known = sorted((entries[one] for one in component if one in entries), key=keep_order)
            pairs = judgements.among(component)
            for kept, found in stars([one.milvus_id for one in known], pairs, least, judgements.between):
                copies = [(entries[pair.one if pair.other == kept else pair.other], pair) for pair in found]
                copies.sort(key=lambda one: keep_order(one[0]))
                yield Cluster(entries[kept], tuple(Copy(entry, pair.kind, pair.copy) for entry, pair in copies))


class Judgements:
    """What is known of the pairs of some pictures; what is not is judged, and kept for the next time."""

    def __init__(self, duplicates: Duplicates, search_id: int, neighbours: Neighbours, judge: Judge, ids: Collection[int]) -> None:
        self._duplicates, self._search_id = duplicates, search_id
        self._neighbours, self._judge = neighbours, judge
        self._known = {(pair.one, pair.other): pair for pair in duplicates.among(search_id, ids)}

    def among(self, ids: Collection[int]) -> list[Pair]:
        """Return the known pairs of these pictures."""
        ours = set(ids)
        return [pair for pair in self._known.values() if pair.one in ours]

    def between(self, kept: int, others: Set[int]) -> Mapping[int, Pair]:
        """Return how a picture and each of the others were judged. Raises StoreError."""
        lacking = sorted(ordered(kept, one) for one in others if ordered(kept, one) not in self._known)
        # Of a picture with a hundred thousand copies not all vectors at once; and what is judged is kept soon.
        for start in range(0, len(lacking), PART):
            judged = self._judge.pairs(self._neighbours.likenesses(lacking[start : start + PART]))
            self._duplicates.add(self._search_id, judged)
            self._known |= {(pair.one, pair.other): pair for pair in judged}
        return {one: self._known[ordered(kept, one)] for one in others if ordered(kept, one) in self._known}


def paths_of(entry: CatalogEntry) -> list[str]:
    """Return where the picture lies, of its first hundred sources, the oldest first."""
    return list(dict.fromkeys(source.image_path for source in entry.sources))


def _parts(every: Iterable[list[int]]) -> Iterator[list[list[int]]]:
    part: list[list[int]] = []
    for component in every:
        if part and sum(map(len, part)) + len(component) > PART:
            yield part
            part = []
        part.append(component)
    if part:
        yield part


def _line(entry: CatalogEntry, path: str, kind: str | None, probability: float | None) -> dict[str, Any]:
    facts = entry.facts
    return {
        "keep": kind is None,
        "class": kind,
        "probability": None if probability is None else round(probability, 4),
        "milvus_id": entry.milvus_id,
        "image_path": path,
        "width": facts.width,
        "height": facts.height,
        "format": facts.format,
        "byte_size": facts.byte_size,
        "create_time": entry.create_time.isoformat(),
    }
