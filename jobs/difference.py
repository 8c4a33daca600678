"""Where SQL and Milvus disagree: every searchable picture has exactly one vector, every vector one picture."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from imagesearch.stores.sql.catalog import Catalog
from imagesearch.types import MAX_ID, PictureState, Vector

PAGE = 1000


class Kind(StrEnum):
    """`missing`: a searchable picture without a vector; `doubled`: with more than one; `orphan`: a vector without its picture.

    `loading_orphan`: a vector of a picture that is half loaded, without an add request that would finish it. The others say of its
    perceptual hash what the first three say of its vector.
    """

    MISSING = "missing"
    DOUBLED = "doubled"
    ORPHAN = "orphan"
    LOADING_ORPHAN = "loading_orphan"
    HASH_MISSING = "hash_missing"
    HASH_DOUBLED = "hash_doubled"
    HASH_ORPHAN = "hash_orphan"


@dataclass(frozen=True, slots=True)
class Kinds:
    """What the differences of one index are called."""

    missing: Kind
    doubled: Kind
    orphan: Kind

    def __iter__(self) -> Iterator[Kind]:
        return iter((self.missing, self.doubled, self.orphan))


VECTORS = Kinds(Kind.MISSING, Kind.DOUBLED, Kind.ORPHAN)
HASHES = Kinds(Kind.HASH_MISSING, Kind.HASH_DOUBLED, Kind.HASH_ORPHAN)


@dataclass(frozen=True, slots=True)
class Difference:
    """One disagreement of the stores."""

    kind: Kind
    milvus_id: int


class Index(Protocol):
    """What the audit needs of an index."""

    def ids_between(self, after: int, upto: int) -> Iterator[int]:
        """As ports.VectorInventory has it."""

    def count_between(self, after: int, upto: int) -> int:
        """As ports.VectorInventory has it."""

    def fetch(self, ids: Collection[int]) -> dict[int, Vector]:
        """As ports.VectorIndex has it."""


def differences(
    catalog: Catalog, index: Index, kinds: Kinds = VECTORS, walked: Callable[[int], None] = lambda _: None
) -> Iterator[Difference]:
    """Walk both stores by key and yield where they differ; memory is one page, whatever the size of the collection.

    `walked` hears of how many pictures each page was, once it is compared.
    A picture that is being loaded may or may not have its vector yet and is no difference here: see `loading_orphans`.
    """
    after = -MAX_ID
    while True:
        page = catalog.states(after, PAGE)
        # The last stretch reaches to the end, for vectors beyond the last picture.
        upto = page[-1][0] if len(page) == PAGE else MAX_ID
        yield from _stretch(dict(page), catalog, index, kinds, after, upto)
        walked(len(page))
        if upto == MAX_ID:
            return
        after = upto


def loading_orphans(catalog: Catalog, index: Index) -> Iterator[Difference]:
    """Walk the pictures that are being loaded and yield those that nobody will finish and that have a vector; memory is one page.

    Without one a picture is nothing but its id, which it keeps: what became of it its failed request says.
    """
    for namespace in catalog.loading_namespaces():
        after = -MAX_ID
        while page := catalog.abandoned(namespace, after, PAGE):
            after = page[-1]
            yield from (Difference(Kind.LOADING_ORPHAN, one) for one in sorted(index.fetch(page)))


def _stretch(
    states: dict[int, PictureState], catalog: Catalog, index: Index, kinds: Kinds, after: int, upto: int
) -> Iterator[Difference]:
    vectors = set(index.ids_between(after, upto))
    searchable = {one for one, state in states.items() if state is PictureState.SEARCHABLE}
    loading = {one for one, state in states.items() if state is PictureState.LOADING}
    suspects = (searchable - vectors) | (vectors - searchable - loading)
    # A batch that was committed between the two reads looks like a difference: suspects are asked again, SQL last.
    held = set(index.fetch(suspects)) if suspects else set()
    now = catalog.states_of(suspects)
    for one in sorted(suspects):
        state = now.get(one)
        if state is PictureState.SEARCHABLE and one not in held:
            yield Difference(kinds.missing, one)
        elif state in (None, PictureState.DELETED) and one in held:
            yield Difference(kinds.orphan, one)
    yield from (Difference(kinds.doubled, one) for one in _doubled(index, sorted(vectors), after, upto))


def _doubled(index: Index, ids: list[int], after: int, upto: int) -> Iterator[int]:
    """Halve the range until the counts name the ids that are stored more than once."""
    if not ids or index.count_between(after, upto) <= len(ids):
        return
    if len(ids) == 1:
        yield ids[0]
        return
    middle = len(ids) // 2
    yield from _doubled(index, ids[:middle], after, ids[middle - 1])
    yield from _doubled(index, ids[middle:], ids[middle - 1], upto)
