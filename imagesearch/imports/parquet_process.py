"""A process of its own in which a Parquet file becomes rows: whatever its pages unfold to, the memory ends with this process.

`parquet.py` starts it, by its path, since it needs nothing of this package. Over a socket that it inherits it asks for pieces of
the file, and tells of the file, of its rows a list at a time, and of the end or of what is wrong.
"""

from __future__ import annotations

import io
import os
import pickle
import resource
import sys
from multiprocessing.connection import Connection
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

# Of this process, with some 100 MiB that it has before it reads. A page of a column, which ends up in memory whole, has 1 MiB with
# most writers, and 100 MiB with those that make one of a row group; a header of 50 bytes may promise 2 GiB.
MAX_BYTES = 768 * 2**20
# Rows that are Python values at a time, fewer where they are large.
BATCH = 1000
BATCH_BYTES = 16 * 2**20
# What is read of a column at a time; otherwise a row group, perhaps the whole file, would be in memory at once.
BUFFER_BYTES = 2**20
# What is told at once; a row beyond it is as bad as such a line of a text.
PIECE_BYTES = 2**20
# What is asked for at once.
READ_BYTES = 8 * 2**20


class AskedFile(io.RawIOBase):
    """A file that the other side holds open."""

    def __init__(self, other: Connection, size: int) -> None:
        super().__init__()
        self._other = other
        self._size = size
        self._at = 0

    def readable(self) -> bool:
        """Say yes."""
        return True

    def seekable(self) -> bool:
        """Say yes."""
        return True

    def tell(self) -> int:
        """Return where the next read begins."""
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move."""
        self._at = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence] + offset
        return self._at

    def readinto(self, buffer: Any, /) -> int:
        """Read as much as the buffer takes, or up to the end: pyarrow asks once."""
        done = 0
        while done < len(buffer):
            self._other.send(("read", self._at, min(len(buffer) - done, READ_BYTES)))
            data = self._other.recv_bytes()
            if not data:
                break
            buffer[done : done + len(data)] = data
            done += len(data)
            self._at += len(data)
        return done


def main(fd: int, size: int, skip: int) -> None:
    """Tell of the rows behind the first `skip`."""
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    resource.setrlimit(resource.RLIMIT_DATA, (MAX_BYTES if hard == resource.RLIM_INFINITY else min(hard, MAX_BYTES), hard))
    with Connection(fd) as other:
        try:
            _read(other, AskedFile(other, size), skip)
            other.send(("end",))
        except MemoryError:
            other.send(("broken", f"takes more than {MAX_BYTES // 2**20} MiB of memory to read"))
        except (EOFError, ConnectionError):
            # The other side wants no more rows.
            sys.exit(1)
        except (pa.ArrowException, OSError, ValueError, OverflowError) as exc:
            other.send(("broken", f"is not a Parquet file, or breaks off: {exc}"[:1000]))


def _read(other: Connection, stream: AskedFile, skip: int) -> None:
    with pq.ParquetFile(stream, pre_buffer=False, buffer_size=BUFFER_BYTES) as file:
        other.send(("file", file.schema_arrow.names, file.metadata.num_rows))
        for number in range(file.num_row_groups):
            group = file.metadata.row_group(number)
            if skip >= group.num_rows:
                skip -= group.num_rows
                continue
            fit = BATCH_BYTES // max(1, group.total_byte_size // max(1, group.num_rows))
            for batch in file.iter_batches(max(1, min(fit, BATCH)), row_groups=[number], use_threads=False):
                left = batch.slice(min(skip, batch.num_rows))
                skip -= batch.num_rows - left.num_rows
                _tell(other, left)


def _tell(other: Connection, batch: pa.RecordBatch) -> None:
    """Tell of the batch's rows; one that is too long or that Python has no value for, a date in the year 100,000 say, is a text."""
    # A dictionary counts as a whole, however few rows are left of a batch.
    size = sum(column.nbytes for column in batch.columns if not pa.types.is_dictionary(column.type))
    wrong = "longer than 1 MiB"
    if size <= PIECE_BYTES:
        try:
            said = pickle.dumps(("rows", batch.to_pylist()))
            if len(said) <= PIECE_BYTES:
                other.send_bytes(said)
                return
        except (ValueError, OverflowError) as exc:
            wrong = f"a value that cannot be read: {exc}"[:1000]
    if batch.num_rows <= 1:
        other.send(("rows", [wrong]))
        return
    half = batch.num_rows // 2
    _tell(other, batch.slice(0, half))
    _tell(other, batch.slice(half))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:4]))
