"""Metrics that no answer waits for."""

from __future__ import annotations

import asyncio
from functools import partial

from imagesearch.metrics import Meter, Metric


class SoonMeter:
    """Implements imagesearch.metrics.Meter for the thread of an event loop: hands each value on once what runs there has ended.

    A search has a dozen of them, and Ray takes up to 0.1 ms for one whose code the processor's caches have lost meanwhile.
    """

    def __init__(self, meter: Meter) -> None:
        self._meter = meter

    def record(self, metric: Metric, value: float, **tags: str) -> None:
        """Hand the value on soon. Raises RuntimeError outside of a loop's thread."""
        asyncio.get_running_loop().call_soon(partial(self._meter.record, metric, value, **tags))
