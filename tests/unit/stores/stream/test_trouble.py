"""Trouble is counted each time and told of ever more rarely."""

import logging

from imagesearch.stores.stream.trouble import Trouble


def test_a_line_is_logged_whenever_the_number_has_doubled(caplog):
    trouble = Trouble(logging.getLogger("test"), "it rained")
    for _ in range(1000):
        trouble.add("clouds")
    assert trouble.count == 1000
    assert [record.getMessage() for record in caplog.records][:3] == [
        "it rained (clouds), 1 so far",
        "it rained (clouds), 2 so far",
        "it rained (clouds), 4 so far",
    ]
    assert len(caplog.records) == 10


def test_many_at_once_are_one_line(caplog):
    trouble = Trouble(logging.getLogger("test"), "it rained")
    trouble.add("clouds", 700)
    trouble.add("clouds", 300)
    assert [record.getMessage() for record in caplog.records] == ["it rained (clouds), 700 so far"]


def test_new_trouble_after_a_long_peace_is_told_at_once(caplog):
    now = 0.0
    trouble = Trouble(logging.getLogger("test"), "it rained", clock=lambda: now)
    for _ in range(100):
        now += 30.0
        trouble.add("clouds")
    caplog.clear()
    now += 61.0
    trouble.add("clouds")
    assert [record.getMessage() for record in caplog.records] == ["it rained (clouds), 101 so far"]
