"""What one batch of the bulk load is at each stage; these values travel between Ray actors."""

from __future__ import annotations

from dataclasses import dataclass, field

from imagesearch.errors import ImageSearchError
from imagesearch.stores.sql.verdicts import Fault, Found, Tally
from imagesearch.types import Fingerprint, IndexRow, LogRow, Vectors


@dataclass(frozen=True, slots=True)
class Fresh:
    """A distinct picture without a vector, and the rows that brought it; its perceptual hash in 64 hexadecimal digits."""

    target: IndexRow
    perceptual_hash: str
    rows: tuple[LogRow, ...]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A batch before its forward pass, but for its pixels, which only the model needs; `known` costs no embedding."""

    fresh: list[Fresh]
    known: list[Found]
    faults: list[Fault]
    seconds: float


@dataclass(frozen=True, slots=True)
class Embedded:
    """`vectors[i]` belongs to `fresh[i]` of the batch; a picture in `failed` (by its place) has no usable vector.

    The fingerprint is the one of the model that made them, and names the collection that they belong in.
    """

    fingerprint: Fingerprint
    vectors: Vectors
    failed: dict[int, ImageSearchError]
    seconds: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a batch came to, the vectors that were written for it and by which model, and the seconds that each stage took."""

    tally: Tally
    vectors: int = 0
    model: Fingerprint | None = None
    seconds: dict[str, float] = field(default_factory=dict)
