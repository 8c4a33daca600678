"""Pictures named by a Parquet file, which a process of its own unfolds within a bound of memory."""

from __future__ import annotations

import io
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from imagesearch.errors import BadLine, BadManifest
from imagesearch.imports.line import Line
from imagesearch.imports.manifest import Manifest
from imagesearch.imports.table import PATH_COLUMNS, Record, line_of
from imagesearch.types import Cursor

SUFFIX = ".parquet"
UNFOLDER = Path(__file__).with_name("parquet_process.py")
# One of everything: what is bounded is to be the file's. Arrow's own allocators take address space ahead.
ALONE = {"ARROW_DEFAULT_MEMORY_POOL": "system", "MALLOC_ARENA_MAX": "1", "OMP_NUM_THREADS": "1"}
# Names of columns may be many; lists of rows have 1 MiB.
MAX_MESSAGE_BYTES = 16 * 2**20
# What is handed over at once, whatever is asked for.
MAX_READ_BYTES = 8 * 2**20


class ParquetTable:
    """A Parquet file. Reading goes on behind the rows that were read before."""

    def __init__(self, manifest: Manifest, namespace: str) -> None:
        self.version = manifest.version
        self._manifest = manifest
        self._namespace = namespace
        self._rows: int | None = None

    def lines(self, cursor: Cursor) -> Iterator[Line]:
        """Yield a line for each row.

        Raises BadManifest where it is no Parquet file, breaks off, or takes more memory than reading one may; SourceError.
        """
        with closing(self._manifest.opened()) as stream, _unfolder(stream, cursor.position) as other:
            for number, row in enumerate(self._values(stream, other), start=cursor.position + 1):
                # What Python had no value for is told in words.
                value = BadLine(row) if isinstance(row, str) else row
                yield line_of(Record(number, value), self._manifest, self._namespace)

    def total(self, position: int) -> int | None:
        """Return what the file says."""
        return self._rows

    def _values(self, stream: io.RawIOBase, other: Connection) -> Iterator[dict[str, Any] | str]:
        name = self._manifest.name
        while True:
            try:
                # From a process of our own.
                kind, *said = pickle.loads(other.recv_bytes(MAX_MESSAGE_BYTES))  # noqa: S301
                if kind == "read":
                    other.send_bytes(_piece(stream, *said))
            except (EOFError, OSError) as exc:
                raise BadManifest(f"{name} cannot be read: {exc or 'reading it ended its process'}") from exc
            if kind == "file":
                names, self._rows = said
                if not set(PATH_COLUMNS) & set(names):
                    raise BadManifest(f"{name}: no column image_path or path among {names[:50]}")
            elif kind == "rows":
                yield from said[0]
            elif kind == "broken":
                raise BadManifest(f"{name} {said[0]}")
            elif kind == "end":
                return


@contextmanager
def _unfolder(stream: io.RawIOBase, skip: int) -> Iterator[Connection]:
    """Start the process and yield our end of the socket; it ends with the `with`, and also when we die."""
    ours, theirs = Pipe()
    size = stream.seek(0, os.SEEK_END)
    command = [sys.executable, "-P", str(UNFOLDER), str(theirs.fileno()), str(size), str(skip)]
    with ours:
        with theirs:
            # A session of its own: Ctrl-C is for whoever waits for the rows.
            process = subprocess.Popen(  # noqa: S603 - our own file, and numbers
                command, pass_fds=[theirs.fileno()], env={**os.environ, **ALONE}, stdin=subprocess.DEVNULL, start_new_session=True
            )
        try:
            yield ours
        finally:
            process.kill()
            process.wait()


def _piece(stream: io.RawIOBase, at: int, size: int) -> bytes:
    stream.seek(at)
    return stream.read(min(size, MAX_READ_BYTES)) or b""
