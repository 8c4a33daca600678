"""Milvus Lite's search, without a look at every row for every search."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from operator import is_
from pathlib import Path
from typing import Any

import numpy as np
from cachetools import LRUCache
from milvus_lite.search.filter import evaluate_mask
from milvus_lite.search.indexed_filter import evaluate_segment_filter
from numpy.typing import NDArray

from cli.stack.lite_memtable import snapshot
from cli.stack.lite_scan import scan

Mask = NDArray[np.bool_]

# Whose rows are remembered: models, and their hashes.
COLLECTIONS = 8


@dataclass(frozen=True, slots=True)
class Live:
    """What counts of some segments: of each key the row that was written last, unless it was deleted since.

    `rows`: where that row is, by key, and its number in the order of all writes; `masks`: one a segment.
    """

    segments: tuple[Any, ...]
    deleted: Mapping[Any, int]
    rows: dict[Any, tuple[int, int, int]]
    masks: tuple[Mask, ...]

    @classmethod
    def of(cls, segments: tuple[Any, ...], deleted: Mapping[Any, int]) -> Live:
        """Look at every row."""
        rows: dict[Any, tuple[int, int, int]] = {}
        for place, segment in enumerate(segments):
            for row, (key, number) in enumerate(zip(segment.pks, segment.seqs.tolist(), strict=True)):
                known = rows.get(key)
                if known is None or number > known[0]:
                    rows[key] = number, place, row
        masks = tuple(np.zeros(segment.num_rows, bool) for segment in segments)
        for key, (number, place, row) in rows.items():
            masks[place][row] = deleted.get(key, -1) <= number
        return cls(segments, deleted, rows, masks)

    def still(self, segments: tuple[Any, ...], deleted: Mapping[Any, int]) -> bool:
        """Whether these are the same segments with the same deletions."""
        same = len(segments) == len(self.segments) and all(map(is_, segments, self.segments))
        return same and deleted == self.deleted

    def newest(self, key: Any) -> int:
        """Return the number of the row that this key has, -1 where it has none."""
        return self.rows[key][0] if key in self.rows else -1

    def without(self, keys: Mapping[Any, int]) -> list[Mask]:
        """Return the masks without the rows of these keys that are older than the number beside each."""
        masks = list(self.masks)
        changed: set[int] = set()
        for key, number in keys.items():
            known = self.rows.get(key)
            if known is not None and known[0] < number:
                place = known[1]
                if place not in changed:
                    changed.add(place)
                    masks[place] = masks[place].copy()
                masks[place][known[2]] = False
        return masks


class QuickSearch:
    """Takes the place of `execute_search_with_index` in Milvus Lite 3.2.2, and answers as it does.

    That one goes through all rows in Python at each search. Segments never change: what counts of them is found out once, for as
    long as they are the same ones with the same deletions, and what is in no segment yet is little.
    """

    def __init__(self) -> None:
        self._known: LRUCache[str, Live] = LRUCache(COLLECTIONS)
        self._lock = threading.Lock()

    def __call__(
        self,
        *,
        query_vectors: NDArray[np.float32],
        segments: Iterable[Any],
        memtable: Any,
        delta_index: Any,
        top_k: int,
        metric_type: str,
        pk_field: str,
        vector_field: str,
        partition_names: list[str] | None,
        compiled_filter: Any,
        output_fields: list[str] | None,
        indexed_filter_plan: Any,
        project_record_fn: Callable[[dict[str, Any]], dict[str, Any]],
        search_params: dict[str, Any] | None,
    ) -> list[list[dict[str, Any]]]:
        """Return, for each query, up to `top_k` hits {id, distance, entity}, nearest first."""
        within = tuple(one for one in segments if one.num_rows and (not partition_names or one.partition in partition_names))
        keys, numbers, vectors, places, table = snapshot(
            memtable, vector_field, partition_names, with_table=compiled_filter is not None
        )
        deleted = {key: number for key, (number, _) in memtable.delete_index_snapshot().items()}
        live = self._live(within, delta_index)
        written = dict(zip(keys, numbers.tolist(), strict=True))
        newer = {key: max(written.get(key, -1), deleted.get(key, -1)) for key in [*written, *deleted]}
        sources = []
        for segment, mask in zip(within, live.without(newer), strict=True):
            vectors_of, valid = segment.vector_data(vector_field)
            of_filter = None if compiled_filter is None else evaluate_segment_filter(segment, compiled_filter, indexed_filter_plan)
            sources.append((vectors_of, _all(mask, valid, of_filter), segment.indexes.get(vector_field)))
        if keys:
            mask = np.array([live.newest(key) <= number >= deleted.get(key, -1) for key, number in written.items()])
            mask &= [not delta_index.is_deleted(key, number) for key, number in written.items()]
            of_filter = None if compiled_filter is None or table is None else evaluate_mask(compiled_filter, table)
            sources.append((vectors, _all(mask, of_filter), None))

        found: list[list[tuple[float, int, int]]] = [[] for _ in query_vectors]
        for place, (vectors_of, mask, index) in enumerate(sources):
            if mask.any():
                valid = None if mask.all() else mask
                if index is None:
                    rows, distances = scan(vectors_of, query_vectors, top_k, valid, metric_type)
                else:
                    rows, distances = index.search(query_vectors, top_k, valid_mask=valid, params=search_params)
                for hits, row, distance in zip(found, rows.tolist(), distances.tolist(), strict=True):
                    hits += [(far, place, one) for far, one in zip(distance, row, strict=True) if one >= 0]

        def hit(distance: float, place: int, row: int) -> dict[str, Any]:
            if place < len(within):
                key, record = within[place].pks[row], _record(within[place], row, vector_field, output_fields)
            else:
                key, record = keys[row], memtable.materialize_row(*places[row])
            return {"id": key, "distance": distance, "entity": project_record_fn(record)}

        return [[hit(*one) for one in sorted(hits)[:top_k]] for hits in found]

    def _live(self, segments: tuple[Any, ...], delta_index: Any) -> Live:
        deleted = delta_index.snapshot
        # A partition's folder is in its collection's.
        name = str(Path(segments[0].file_path).parent) if segments else ""
        with self._lock:
            known = self._known.get(name)
            if known is None or not known.still(segments, deleted):
                known = self._known[name] = Live.of(segments, deleted)
            return known


def _all(mask: Mask, *others: Mask | None) -> Mask:
    for other in others:
        if other is not None:
            mask = mask & other.astype(bool, copy=False)
    return mask


def _record(segment: Any, row: int, vector_field: str, output_fields: list[str] | None) -> dict[str, Any]:
    names = segment.table.schema.names
    if output_fields is None or {"*", vector_field} & set(output_fields) or "$meta" in names:
        return dict(segment.row_to_dict(row))
    # A vector that nobody asked for would become a list of so many Python numbers.
    return {name: segment.table.column(name)[row].as_py() for name in names if name not in ("_seq", vector_field)}
