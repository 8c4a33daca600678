"""Values are handed on after what the loop is doing, in their order."""

import asyncio

import pytest

from imagesearch.metrics import QUERY_VECTORS
from telemetry.soon_meter import SoonMeter


class Kept:
    def __init__(self):
        self.values = []

    def record(self, metric, value, **tags):
        self.values.append((metric, value, tags))


async def test_a_value_is_handed_on_once_what_runs_has_ended():
    kept = Kept()
    meter = SoonMeter(kept)
    meter.record(QUERY_VECTORS, 1, source="embedded")
    meter.record(QUERY_VECTORS, 2, source="remembered")
    assert kept.values == []
    await asyncio.sleep(0)
    assert kept.values == [(QUERY_VECTORS, 1, {"source": "embedded"}), (QUERY_VECTORS, 2, {"source": "remembered"})]


def test_outside_of_a_loop_it_says_so():
    with pytest.raises(RuntimeError):
        SoonMeter(Kept()).record(QUERY_VECTORS, 1, source="embedded")
