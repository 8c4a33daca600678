from __future__ import annotations

import pytest

from imagesearch.models.runtimes.slices import slices

SIZES = (1, 8, 32, 64)


@pytest.mark.parametrize(
    ("rows", "wanted"),
    [
        (0, []),
        (1, [(0, 1, 1)]),
        (9, [(0, 9, 32)]),
        (64, [(0, 64, 64)]),
        (130, [(0, 64, 64), (64, 128, 64), (128, 130, 8)]),
    ],
)
def test_a_part_is_padded_to_the_smallest_size_that_holds_it(rows: int, wanted: list[tuple[int, int, int]]) -> None:
    assert list(slices(rows, 64, SIZES)) == wanted


def test_without_sizes_a_part_is_run_as_it_is() -> None:
    assert list(slices(70, 64)) == [(0, 64, 64), (64, 70, 6)]
