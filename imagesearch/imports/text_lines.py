"""The lines of a stranger's file as text: streamed, bounded in length, never stopped by a byte that is no text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

# A path and 64 KiB of info, however they are quoted.
MAX_LINE_BYTES = 2**20
BOM = "\ufeff"


class TextLines(Iterator[str]):
    """Lines with their ends. Bytes that are not UTF-8 become lone surrogates, which nothing takes that such a line comes to.

    `number` is that of the last line, `consumed` the bytes up to its end. `too_long` is set by a line over 1 MiB, which is empty in
    what is yielded, and is the reader's to reset.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.number = 0
        self.consumed = 0
        self.too_long = False

    def __next__(self) -> str:
        """Return the next line."""
        data = self._stream.readline(MAX_LINE_BYTES)
        if not data:
            raise StopIteration
        self.number += 1
        self.consumed += len(data)
        if len(data) == MAX_LINE_BYTES and not data.endswith(b"\n"):
            self.too_long = True
            while data and not data.endswith(b"\n"):
                data = self._stream.readline(MAX_LINE_BYTES)
                self.consumed += len(data)
            return "\n"
        text = data.decode("utf-8", "surrogateescape")
        return text.removeprefix(BOM) if self.number == 1 else text
