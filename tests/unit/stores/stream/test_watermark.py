"""An offset may be committed once all before it are finished, in whatever order that happens."""

import random

from imagesearch.stores.stream.watermark import Watermark


def marked(*offsets):
    mark = Watermark()
    for offset in offsets:
        mark.take(offset)
    return mark


def test_messages_finished_in_order_move_it_one_by_one():
    mark = marked(5, 6, 7)
    assert [mark.finish(offset) for offset in (5, 6, 7)] == [6, 7, 8]


def test_a_gap_holds_it_back_until_it_is_filled():
    mark = marked(5, 6, 7, 8)
    assert [mark.finish(offset) for offset in (7, 6, 5, 8)] == [None, None, 8, 9]


def test_offsets_that_never_came_are_no_gap():
    # Compaction and transactions leave holes.
    mark = marked(5, 9, 20)
    assert [mark.finish(offset) for offset in (9, 5, 20)] == [None, 10, 21]


def test_what_is_finished_twice_or_was_never_taken_changes_nothing():
    mark = marked(5, 6)
    assert mark.finish(5) == 6
    assert mark.finish(5) is None
    assert mark.finish(3) is None
    assert mark.finish(6) == 7
    assert mark.finish(6) is None


def test_it_never_passes_one_that_is_open_and_ends_behind_the_last():
    chance = random.Random(1)
    offsets = list(range(100, 400))
    mark, open_ones, upto = marked(*offsets), set(offsets), 100
    for offset in chance.sample(offsets, len(offsets)):
        open_ones.remove(offset)
        upto = mark.finish(offset) or upto
        assert upto == min(open_ones, default=400)
