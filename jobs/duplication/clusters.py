"""Pairs to clusters, each of copies of one picture: that a copy of a copy is a copy is not taken for granted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set

from networkx.utils import UnionFind

from imagesearch.pairs import Pair

Between = Callable[[int, Set[int]], Mapping[int, Pair]]
"""Tells how a picture and each of some others were judged; what was never judged is. Those that cannot be are left out."""


def components(pairs: Iterable[Pair]) -> list[list[int]]:
    """Return the ids that the pairs lead to from each other, sorted, the least id first; memory as the ids of the pairs."""
    joined: UnionFind = UnionFind()
    for pair in pairs:
        joined.union(pair.one, pair.other)
    return sorted(sorted(ids) for ids in joined.to_sets())


def stars(ids: Sequence[int], pairs: Iterable[Pair], least: float, between: Between) -> Iterator[tuple[int, list[Pair]]]:
    """Yield the clusters of a component as the id to keep and the others' pairs with it; `ids` come in the order of keeping.

    A cluster grows along pairs of copies, and each picture that they lead to is held against the one to keep: variants of which
    each is like the next, but not like the first, do not become one. Each picture is in one cluster, that of the first it is a
    copy of. A picture that is a copy of none is left out, unless it is paired with itself.
    """
    lead: dict[int, set[int]] = {one: set() for one in ids}
    alone: dict[int, Pair] = {}
    for pair in pairs:
        if pair.copy >= least and pair.one in lead and pair.other in lead:
            lead[pair.one].add(pair.other)
            lead[pair.other].add(pair.one)
            if pair.one == pair.other:
                alone[pair.one] = pair
    left = set(lead)
    for kept in ids:
        if kept not in left:
            continue
        tried, members = {kept}, list[Pair]()
        wave = (lead[kept] & left) - tried
        while wave:
            tried |= wave
            judged = between(kept, wave)
            copies = [one for one in sorted(wave) if one in judged and judged[one].copy >= least]
            members += [judged[one] for one in copies]
            left -= set(copies)
            wave = (set().union(*(lead[one] for one in copies)) & left) - tried
        left.discard(kept)
        if members or kept in alone:
            yield kept, members
