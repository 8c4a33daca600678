"""What child processes spend is told by role, also of those that ended before the measuring did."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter

import psutil

from benchmarks.usage import Spent, sampled

BUSY = "import time; end = time.process_time() + 0.6\nwhile time.process_time() < end: pass"


def test_processor_time_of_a_child_that_ended_is_counted():
    with sampled(0.05, memory=True) as spent:
        # Called what a job is called.
        subprocess.run([sys.executable, "-c", BUSY, "-m jobs.bulk_load"], check=True)
        time.sleep(0.2)
    assert spent.cpu_s["driver"] > 0.3
    assert spent.peak_bytes > 1_000_000


def test_time_spent_before_is_not_counted():
    child = subprocess.Popen([sys.executable, "-c", BUSY + "\ntime.sleep(60)", "redis-server"])
    try:
        while _seconds(child.pid) < 0.5:
            time.sleep(0.05)
        time.sleep(0.3)
        with sampled(0.05) as spent:
            time.sleep(0.2)
        assert spent.cpu_s["redis"] < 0.2
    finally:
        child.kill()
        child.wait()


def test_what_was_spent_between_two_moments_is_the_difference_of_the_looks():
    looks = [(1.0, Counter(sql=1.0)), (2.0, Counter(sql=3.0)), (3.0, Counter(sql=3.5, redis=0.5))]
    assert Spent(Counter(), looks).between(1.5, 3.5) == Counter(sql=2.5, redis=0.5)


def _seconds(pid):
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system
