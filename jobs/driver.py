"""Runs a load as the work of a process: its signals, its progress in the log, its last line."""

from __future__ import annotations

import json
import logging
import signal
import sys
from collections import Counter
from dataclasses import asdict
from time import monotonic

from config.settings import Settings
from imagesearch.metrics import ROWS, Meter
from imagesearch.types import LogState
from jobs.cluster import connected, reached
from jobs.engine import Report
from jobs.loader import Load
from telemetry.ray_meter import RayMeter

logger = logging.getLogger(__name__)


def drive(settings: Settings, load: Load) -> int:
    """Load, print the report as a line of JSON, and return the exit code: 1 where rows failed. SIGTERM and SIGINT end it soon."""
    # Before any row is claimed, which others would wait for.
    reached(settings)
    with load, connected(settings):
        # After Ray was joined, which sets a handler of its own.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: load.stop())
        progress = Progress(RayMeter())
        report = load.run(progress)
        progress(report)
        # Before Ray is left, which takes its time: a job that is stopped has three seconds.
        sys.stdout.write(json.dumps(asdict(report)) + "\n")
        sys.stdout.flush()
    return 1 if report.failed else 0


class Progress:
    """Counts what becomes of the rows, and logs how far the load is, every two seconds at most."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._counted: Counter[str] = Counter()
        self._next = 0.0

    def __call__(self, report: Report) -> None:
        """Count, and log one line unless the last one is fresh."""
        for state in (LogState.LOADED, LogState.DUPLICATE, LogState.FAILED):
            rows = getattr(report, state)
            self._meter.record(ROWS, rows - self._counted[state], state=state)
            self._counted[state] = rows
        if monotonic() >= self._next:
            self._next = monotonic() + 2.0
            told = asdict(report)
            logger.info("progress %s", json.dumps(told), extra=told)
