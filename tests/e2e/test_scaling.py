"""The embedder comes and goes with the searches, and none of them is lost by it."""

from __future__ import annotations

import signal

import pytest

from benchmarks.pictures import photographs
from benchmarks.scaling import driven, scaling, variables

# What the service may say while replicas come and go; whoever waits as long as Retry-After says is answered.
COME_AGAIN = {"429", "503"}


@pytest.fixture
def terminated():
    """The stack of a benchmark takes SIGTERM for an interrupt; the other tests have it as it was."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.mark.timeout(1500)
@pytest.mark.parametrize("cold_start", ["wait", "cpu"])
def test_the_embedder_scales_up_and_down_and_no_search_is_lost(tmp_path, model_cache, terminated, cold_start):
    paths = photographs(tmp_path, 40, (320, 240))
    more = variables(str(tmp_path), cold_start) | {"IMAGESEARCH_MODEL__CACHE_DIR": str(model_cache)}
    with scaling("embedded", paths, more) as settings:
        done = driven(settings, paths, 3.0, print)
    assert [(step.replicas, len(step.ms) > 0) for step in done] == [(1, True), (2, True), (1, True), (0, False), (1, True)]
    assert [step.lost for step in done] == [{}] * len(done)
    assert [step.wrong for step in done] == [0] * len(done)
    assert {status for step in done for status in step.retried} <= COME_AGAIN
    # The stand-in answers while there is no embedder, and only then.
    stood_in = [0 < step.cold < len(step.ms) for step in done]
    assert stood_in == [step.name.startswith("0") and cold_start == "cpu" for step in done]
    assert cold_start == "cpu" or [step.cold for step in done] == [0] * len(done)
