"""Pairs of pictures that were held against each other, and the search that led to them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Pair:
    """Two pictures that were held against each other, `one` < `other`; `copy`: how likely one is a copy of the other.

    `kind`: exact or edited, which would be likelier. A picture with itself stands for the same bytes under several paths.
    """

    one: int
    other: int
    kind: str
    copy: float


@dataclass(frozen=True, slots=True)
class DuplicateSearch:
    """A search for duplicates among a namespace's vectors of one model.

    All pictures up to `position` were looked at, `looked` of them. `unread` times one that was to be held against others could
    not be read. `end_time`: None until the search is through.
    """

    search_id: int
    position: int
    looked: int
    unread: int
    create_time: datetime
    end_time: datetime | None
