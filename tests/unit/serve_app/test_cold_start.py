"""A stand-in embeds while the embedder has no replica, and only then."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from imagesearch.errors import ModelError, StoreUnavailable
from imagesearch.types import Embedded, Fingerprint
from serve_app.cold_start import PATIENCE_S, ColdStart

PIXELS = np.zeros((1, 2, 2, 3), np.uint8)


class Deployment:
    """Answers once it is `ready`, from its device; counts the calls that it got and those that were given up."""

    fingerprint = Fingerprint("tiny", "none", "squash", 2)

    def __init__(self, device, *, ready):
        self.device = device
        self.ready = asyncio.Event()
        self.error = None
        self.calls = self.given_up = 0
        if ready:
            self.ready.set()

    async def embed(self, rows):
        self.calls += 1
        try:
            await self.ready.wait()
        except asyncio.CancelledError:
            self.given_up += 1
            raise
        if self.error is not None:
            raise self.error
        return Embedded(np.ones((len(rows), 2), np.float32), "torch", self.device)

    embed_texts = embed

    async def running(self):
        return self.ready.is_set()


@pytest.fixture
def cpu():
    return Deployment("cpu", ready=True)


async def test_a_replica_that_runs_is_asked_and_nobody_else(cpu):
    gpu = Deployment("cuda", ready=True)
    one = await ColdStart(gpu, cpu, gpu.running).embed(PIXELS)
    assert (one.device, one.cold, cpu.calls) == ("cuda", False, 0)


async def test_while_none_runs_the_stand_in_answers_and_one_call_waits(cpu):
    gpu = Deployment("cuda", ready=False)
    embedder = ColdStart(gpu, cpu, gpu.running)
    together = await asyncio.gather(*(embedder.embed(PIXELS) for _ in range(5)))
    later = [await embedder.embed(PIXELS), await embedder.embed_texts(["a red car"])]
    assert {(one.device, one.cold) for one in [*together, *later]} == {("cpu", True)}
    assert gpu.calls - gpu.given_up == 1
    gpu.ready.set()
    await asyncio.sleep(0.01)
    one = await embedder.embed(PIXELS)
    assert (one.device, one.cold, cpu.calls) == ("cuda", False, 7)


async def test_a_second_cold_start_is_like_the_first(cpu):
    gpu = Deployment("cuda", ready=False)
    embedder = ColdStart(gpu, cpu, gpu.running)
    assert (await embedder.embed(PIXELS)).cold
    gpu.ready.set()
    await asyncio.sleep(0.01)
    assert not (await embedder.embed(PIXELS)).cold
    gpu.ready.clear()
    assert (await embedder.embed(PIXELS)).cold


async def test_a_replica_that_is_busy_is_waited_for(cpu):
    gpu = Deployment("cuda", ready=False)

    async def running():
        return True

    call = asyncio.create_task(ColdStart(gpu, cpu, running).embed(PIXELS))
    await asyncio.sleep(2 * PATIENCE_S)
    gpu.ready.set()
    assert ((await call).device, cpu.calls) == ("cuda", 0)


async def test_an_error_of_the_embedder_is_its_caller_s(cpu):
    gpu = Deployment("cuda", ready=True)
    gpu.error = ModelError("the device is broken")
    with pytest.raises(ModelError):
        await ColdStart(gpu, cpu, gpu.running).embed(PIXELS)
    assert cpu.calls == 0


async def test_a_stand_in_that_is_down_leaves_the_waiting(cpu):
    gpu = Deployment("cuda", ready=False)
    cpu.error = StoreUnavailable("no replica", store="embedder")
    call = asyncio.create_task(ColdStart(gpu, cpu, gpu.running).embed(PIXELS))
    await asyncio.sleep(2 * PATIENCE_S)
    gpu.ready.set()
    assert ((await call).device, cpu.calls) == ("cuda", 1)


async def test_an_embedder_that_does_not_come_up_is_tried_again(cpu):
    gpu = Deployment("cuda", ready=False)
    embedder = ColdStart(gpu, cpu, gpu.running)
    assert (await embedder.embed(PIXELS)).cold
    gpu.error = StoreUnavailable("it did not answer within 60 s", store="embedder")
    gpu.ready.set()
    await asyncio.sleep(0.01)
    gpu.error, calls = None, gpu.calls
    gpu.ready.clear()
    assert (await embedder.embed(PIXELS)).cold
    assert gpu.calls == calls + 1


async def test_a_caller_that_hangs_up_at_once_leaves_nothing_behind(cpu):
    gpu = Deployment("cuda", ready=False)
    call = asyncio.create_task(ColdStart(gpu, cpu, gpu.running).embed(PIXELS))
    await asyncio.sleep(0.01)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await asyncio.sleep(0.01)
    assert (gpu.calls, gpu.given_up, cpu.calls) == (1, 1, 0)
