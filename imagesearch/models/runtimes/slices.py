"""How a batch is cut into passes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence


def slices(rows: int, most: int, sizes: Sequence[int] | None = None) -> Iterator[tuple[int, int, int]]:
    """Yield (start, stop, size): consecutive parts of at most `most` rows, each run as a pass of `size` rows.

    Where only certain ascending `sizes` may run, the last of which is `most`, a part is padded to the smallest that holds it.
    """
    for start in range(0, rows, most):
        stop = min(start + most, rows)
        yield start, stop, stop - start if sizes is None else next(size for size in sizes if size >= stop - start)
