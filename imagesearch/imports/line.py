"""What a source is made of, and what reading one promises."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from imagesearch.errors import ImageSearchError
from imagesearch.types import AddRequest, Cursor


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that a source names: a picture to add, a fault, or nothing of interest (None).

    `number` grows from line to line and is the one that people find it by; `place` is its name: a path, a key, a member.
    """

    number: int
    what: AddRequest | ImageSearchError | None
    place: str = ""


class Reading(Protocol):
    """A source that was found and may be read. It holds nothing open between the calls."""

    version: str
    """What changes when the source does. Empty: the source is read from its beginning each time."""

    def lines(self, cursor: Cursor) -> Iterator[Line]:
        """Yield the lines after the cursor, which is one of this version.

        A fault of one line is a line. Raises SourceError, InputError where the source as a whole breaks off, StoreError.
        """

    def total(self, position: int) -> int | None:
        """Estimate how many lines there are, `position` of them read by now; None where nothing is known."""
