"""Lines become batches."""

import pytest

from imagesearch.errors import BadLine, SourceUnavailable
from imagesearch.imports import batches as module
from imagesearch.imports.batches import batches
from imagesearch.imports.line import Line
from imagesearch.types import AddRequest, Cursor


def lines(kinds, error=None):
    for number, kind in enumerate(kinds, start=1):
        yield Line(number, {"+": AddRequest(f"/{number}"), "-": None, "!": BadLine("no")}[kind], f"place {number}")
    if error is not None:
        raise error


def told(found):
    return [(one.start, one.cursor.position, len(one.requests), one.skipped, len(one.bad), one.cursor.place) for one in found]


def test_batches_follow_each_other_and_the_cursor_with_them():
    found = list(batches(lines("++-!+-++"), Cursor("v", 10), 3, lambda position: 2 * position))
    assert told(found) == [(10, 14, 2, 2, 1, "place 4"), (14, 18, 3, 1, 0, "place 8")]
    assert [(one.cursor.version, one.total) for one in found] == [("v", 28), ("v", 36)]
    assert [fault.line for one in found for fault in one.bad] == [4]


def test_no_lines_are_no_batches():
    assert list(batches(lines(""), Cursor(), 3, lambda position: None)) == []


def test_a_full_batch_at_the_end_is_not_followed_by_an_empty_one():
    assert len(list(batches(lines("++++"), Cursor(), 2, lambda position: None))) == 2


def test_what_was_read_before_a_fault_comes_first():
    found = []
    with pytest.raises(SourceUnavailable):
        for one in batches(lines("+++", SourceUnavailable("away")), Cursor(), 2, lambda position: None):
            found.append(one)
    assert [one.cursor.position for one in found] == [2, 3]


def test_what_was_read_before_something_unexpected_comes_first_too():
    found = []
    with pytest.raises(RecursionError):
        for one in batches(lines("+++", RecursionError("too deep")), Cursor(), 2, lambda position: None):
            found.append(one)
    assert [one.cursor.position for one in found] == [2, 3]


def test_lines_that_ask_for_nothing_are_recorded_too(monkeypatch):
    monkeypatch.setattr(module, "MAX_LINES", 4)
    assert [one.skipped for one in batches(lines("-" * 10), Cursor(), 3, lambda position: None)] == [4, 4, 2]


def test_a_slow_source_is_recorded_line_by_line(monkeypatch):
    monkeypatch.setattr(module, "BATCH_S", 0.0)
    assert len(list(batches(lines("+++"), Cursor(), 100, lambda position: None))) == 3
