"""What Milvus Lite has written and not yet put into a segment, as its searches need it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Snapshot = tuple[list[Any], NDArray[np.uint64], NDArray[np.float32], list[tuple[int, int]], pa.Table | None]


def snapshot(memtable: Any, vector_field: str, partition_names: list[str] | None, *, with_table: bool) -> Snapshot:
    """Return what `MemTable.to_search_snapshot` of Milvus Lite 3.2.2 does: keys, their numbers in the order of all writes, vectors
    (n, dim), where the rows are, and for a filter the other columns.

    That one makes a Python number of each of a vector's: a load's 200 rows took every search beside it 6 ms.
    """
    with memtable._lock:
        # Batches do not change once they are there.
        batches, rows = tuple(memtable._insert_batches), dict(memtable._pk_index)
    columns = [batch.column(vector_field) for batch in batches]
    if partition_names or not batches or not all(map(_plain, columns)):
        found: Snapshot = memtable.to_search_snapshot(vector_field, partition_names, with_table)
        return found
    refs = [(batch, row) for batch, row, _ in rows.values()]
    places = _places(batches, refs)
    vectors = np.concatenate([one.flatten().to_numpy(zero_copy_only=False).reshape(len(one), -1) for one in columns])
    table = None
    if with_table:
        others = [name for name in batches[0].schema.names if name not in (vector_field, "_partition")]
        table = pa.Table.from_batches([batch.select(others) for batch in batches]).take(pa.array(places))
    numbers = np.array([number for _, _, number in rows.values()], np.uint64)
    return list(rows), numbers, vectors[places], refs, table


def data_table(memtable: Any, rows: list[tuple[int, int]]) -> pa.Table:
    """Return what `MemTable._build_data_table` does, the rows of a segment that is to be, without numbers of Python's either."""
    batches, names = memtable._insert_batches, memtable._data_schema.names
    table = pa.Table.from_batches([batch.select(names) for batch in batches]).take(pa.array(_places(batches, rows)))
    return pa.Table.from_arrays([column.combine_chunks() for column in table.columns], schema=memtable._data_schema)


def _places(batches: Sequence[pa.RecordBatch], rows: Iterable[tuple[int, int]]) -> NDArray[np.int64]:
    """Return where rows, each a batch's number and a row of it, are in all batches together."""
    starts = list(accumulate([batch.num_rows for batch in batches], initial=0))
    return np.array([starts[batch] + row for batch, row in rows], np.int64)


def _plain(column: pa.Array) -> bool:
    """Whether each row has its vector of floats."""
    floats: bool = pa.types.is_fixed_size_list(column.type) and column.type.value_type == pa.float32()
    return floats and column.null_count == 0
