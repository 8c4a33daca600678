"""Whether the neighbours of a picture have its label."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from imagesearch.filters import Condition, Filter, Operator, Scalar, is_number
from imagesearch.quality.figure import Figure, mean
from imagesearch.quality.ranking import average_precision, precision
from imagesearch.stores.factory import Stores
from imagesearch.stores.sql.attributes import sort_key
from imagesearch.types import CatalogEntry

PRECISION_AT = (1, 5, 10)
# Hits that a ranking is judged by.
DEPTH = 50
PAGE = 1000


def labelled(stores: Stores, entries: Sequence[CatalogEntry], key: str) -> dict[str, Figure]:
    """Search by each sampled picture that has a label under the key, and return precision@k and mAP of the first 50 others.

    Pictures with a label of their own, which nothing could find, are left out; {} where no others are. Raises InputError for a
    key that is not kept to filter by, StoreError.
    """
    stores.matches.check(_having(key, ""))
    rankings: list[tuple[list[bool], int]] = []
    held: dict[bytes, int] = {}
    vectors = stores.index.fetch([entry.milvus_id for entry in entries])
    for entry in entries:
        labels = _labels(entry, key)
        if not labels or entry.milvus_id not in vectors:
            continue
        label, value = next(iter(labels.items()))
        if label not in held:
            held[label] = _count(stores.matches.walk(entry.namespace, _having(key, value), PAGE))
        hits = stores.index.search(vectors[entry.milvus_id], DEPTH + 1, entry.namespace)
        others = [hit.milvus_id for hit in hits if hit.milvus_id != entry.milvus_id][:DEPTH]
        if held[label] > 1:
            known = stores.catalog.entries(others)
            rankings.append(([one in known and label in _labels(known[one], key) for one in others], held[label] - 1))
    if not rankings:
        return {}
    figures = {f"label {key}: precision@{k}": mean([precision(one, k) for one, _ in rankings]) for k in PRECISION_AT}
    return figures | {f"label {key}: mAP@{DEPTH}": mean([average_precision(one, every, DEPTH) for one, every in rankings])}


def _labels(entry: CatalogEntry, key: str) -> dict[bytes, Scalar]:
    """Return what the picture's sources say, oldest first, told apart as filters do: 1 and true are two labels."""
    said = [source.info.get(key) for source in entry.sources]
    labels = [one for one in said if isinstance(one, str) or (isinstance(one, int | float) and is_number(one))]
    return {sort_key(one): one for one in labels}


def _having(key: str, label: Scalar) -> Filter:
    return Filter((Condition(key, Operator.EQ, (label,)),))


def _count(pages: Iterable[list[int]]) -> int:
    """Count as far as a ranking has room for: a label of millions is not walked to its end."""
    count = 0
    for page in pages:
        count += len(page)
        if count > DEPTH:
            break
    return count
