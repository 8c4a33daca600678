"""What a loader says of its rows to the ledger, and what the ledger answers; values that travel between processes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from imagesearch.errors import ImageSearchError
from imagesearch.types import LogRow, PictureState


@dataclass(frozen=True, slots=True)
class Interned:
    """The identity of a picture's content; `create_time` is the picture's, in UTC."""

    milvus_id: int
    state: PictureState
    create_time: datetime


@dataclass(frozen=True, slots=True)
class Found:
    """A row whose picture is known by `milvus_id`; `embedded`: this batch wrote its vector, for the picture of that `create_time`.

    In Unix seconds; None: whenever it was made.
    """

    row: LogRow
    milvus_id: int
    embedded: bool
    create_time: int | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """A row whose picture could not be had or read."""

    row: LogRow
    error: ImageSearchError


@dataclass(frozen=True, slots=True)
class Tally:
    """What a commit made of its rows; `deferred` rows stay pending and will be tried again."""

    loaded: int = 0
    duplicate: int = 0
    failed: int = 0
    deferred: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.loaded + other.loaded, self.duplicate + other.duplicate, self.failed + other.failed, self.deferred + other.deferred
        )
