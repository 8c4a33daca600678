"""Pictures named by a Parquet file, read a piece of a row group at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from imagesearch.errors import BadLine, BadManifest
from imagesearch.imports.line import Line
from imagesearch.imports.manifest import Manifest
from imagesearch.imports.table import PATH_COLUMNS, Record, line_of
from imagesearch.types import Cursor

SUFFIX = ".parquet"
# Rows that are Python values at a time.
BATCH = 1000
# What is read of a column at a time; otherwise a row group, perhaps the whole file, would be in memory at once.
BUFFER_BYTES = 2**20


class ParquetTable:
    """A Parquet file. Reading goes on behind the rows that were read before."""

    def __init__(self, manifest: Manifest, namespace: str) -> None:
        self.version = manifest.version
        self._manifest = manifest
        self._namespace = namespace
        self._rows: int | None = None

    def lines(self, cursor: Cursor) -> Iterator[Line]:
        """Yield a line for each row. Raises BadManifest where it is no Parquet file or breaks off, SourceError."""
        with closing(self._manifest.opened()) as stream:
            try:
                for number, row in enumerate(self._values(stream, cursor.position), start=cursor.position + 1):
                    yield line_of(Record(number, row), self._manifest, self._namespace)
            except (pa.ArrowException, OSError) as exc:
                raise BadManifest(f"{self._manifest.name} is not a Parquet file, or breaks off: {exc}") from exc

    def total(self, position: int) -> int | None:
        """Return what the file says."""
        return self._rows

    def _values(self, stream: Any, skip: int) -> Iterator[dict[str, Any] | BadLine]:
        with pq.ParquetFile(stream, pre_buffer=False, buffer_size=BUFFER_BYTES) as file:
            if not set(PATH_COLUMNS) & set(file.schema_arrow.names):
                raise BadManifest(f"{self._manifest.name}: no column image_path or path among {file.schema_arrow.names[:50]}")
            self._rows = file.metadata.num_rows
            groups = list(range(file.num_row_groups))
            while groups and skip >= (rows := file.metadata.row_group(groups[0]).num_rows):
                skip -= rows
                del groups[0]
            for batch in file.iter_batches(BATCH, row_groups=groups, use_threads=False):
                left = batch.slice(min(skip, batch.num_rows))
                skip -= batch.num_rows - left.num_rows
                yield from _rows_of(left)


def _rows_of(batch: pa.RecordBatch) -> Iterator[dict[str, Any] | BadLine]:
    """Yield the batch's rows; one that Python has no value for, a date in the year 100,000 say, fails alone."""
    try:
        yield from batch.to_pylist()
    except (ValueError, OverflowError) as exc:
        if batch.num_rows == 1:
            yield BadLine(f"a value that cannot be read: {exc}")
            return
        half = batch.num_rows // 2
        yield from _rows_of(batch.slice(0, half))
        yield from _rows_of(batch.slice(half))
