"""The batcher: what shares a forward pass, and who pays for whose fault."""

from __future__ import annotations

import asyncio
import threading

import numpy as np
import pytest

from imagesearch.errors import EmbeddingFailed, ModelError, Overloaded
from serve_app.batcher import Batcher

BAD = 255


class Device:
    """Doubles each picture's first value; can be held in a pass, and refuses a picture full of 255 as the encoder does."""

    def __init__(self):
        self.passes = []
        self.free = threading.Event()
        self.free.set()
        self.error = None

    def forward(self, pixels):
        self.free.wait(30)
        self.passes.append(len(pixels))
        if self.error is not None:
            raise self.error
        values = pixels[:, 0, 0, 0]
        bad = np.flatnonzero(values == BAD)
        if bad.size:
            raise EmbeddingFailed(f"picture {bad[0]} of the batch", row=int(bad[0]))
        return np.stack([values, values], axis=1).astype(np.float32) * 2


@pytest.fixture
def device():
    device = Device()
    yield device
    device.free.set()


@pytest.fixture
def batcher(device):
    batcher = Batcher(device.forward, max_batch_size=4, max_waiting=8)
    yield batcher
    batcher.close()


def picture(value, count=1, side=2):
    return np.full((count, side, side, 3), value, np.uint8)


async def while_busy(batcher, device, *calls):
    """Start the calls while a pass of another caller (value 100) runs, and let them go on once all have queued."""
    device.free.clear()
    first = asyncio.create_task(batcher.embed(picture(100)))
    await asyncio.sleep(0.05)
    tasks = [asyncio.create_task(call) for call in calls]
    await asyncio.sleep(0.05)
    device.free.set()
    await first
    return await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_lone_caller_gets_its_own_vectors_in_order(batcher):
    pixels = np.concatenate([picture(1), picture(2), picture(3)])
    assert (await batcher.embed(pixels)).tolist() == [[2, 2], [4, 4], [6, 6]]


async def test_what_queues_during_a_pass_shares_the_next_one(batcher, device):
    results = await while_busy(batcher, device, *(batcher.embed(picture(n)) for n in (1, 2, 3)))
    assert device.passes == [1, 3]
    assert [r[0, 0] for r in results] == [2, 4, 6]


async def test_a_pass_takes_no_more_than_the_batch_size(batcher, device):
    results = await while_busy(batcher, device, *(batcher.embed(picture(n, count=2)) for n in (1, 2, 3)))
    assert device.passes == [1, 4, 2]
    assert [r.tolist() for r in results] == [[[2, 2]] * 2, [[4, 4]] * 2, [[6, 6]] * 2]


async def test_a_caller_with_more_than_a_batch_goes_alone_and_whole(batcher, device):
    results = await while_busy(batcher, device, batcher.embed(picture(1, count=6)), batcher.embed(picture(2)))
    assert device.passes == [1, 6, 1]
    assert [len(r) for r in results] == [6, 1]


async def test_pictures_of_two_sizes_do_not_share_a_pass(batcher, device):
    results = await while_busy(batcher, device, batcher.embed(picture(1)), batcher.embed(picture(2, side=4)))
    assert device.passes == [1, 1, 1]
    assert [r[0, 0] for r in results] == [2, 4]


async def test_one_bad_picture_fails_alone_and_its_neighbours_are_embedded(batcher, device):
    good, bad, also_good = await while_busy(
        batcher,
        device,
        batcher.embed(picture(1)),
        batcher.embed(np.concatenate([picture(5), picture(BAD)])),
        batcher.embed(picture(3)),
    )
    assert good.tolist() == [[2, 2]] and also_good.tolist() == [[6, 6]]
    assert isinstance(bad, EmbeddingFailed)
    assert bad.data["row"] == 1


async def test_all_bad_pictures_of_a_pass_fail_and_only_they(batcher, device):
    results = await while_busy(batcher, device, *(batcher.embed(picture(n)) for n in (BAD, 1, BAD)))
    assert [type(r) for r in results] == [EmbeddingFailed, np.ndarray, EmbeddingFailed]


async def test_an_error_that_no_picture_explains_reaches_every_caller_and_is_counted(batcher, device):
    device.error = RuntimeError("CUDA error")
    for count in (1, 2):
        # What it was is in the log; the device's words are not for those who search.
        with pytest.raises(ModelError, match="RuntimeError") as raised:
            await batcher.embed(picture(1))
        assert "CUDA" not in raised.value.detail
        assert batcher.failures == count
    device.error = None
    await batcher.embed(picture(1))
    assert batcher.failures == 0


async def test_a_bad_picture_does_not_count_as_a_failure_of_the_device(batcher):
    with pytest.raises(EmbeddingFailed):
        await batcher.embed(picture(BAD))
    assert batcher.failures == 0


async def test_a_full_queue_refuses_further_pictures(batcher, device):
    device.free.clear()
    tasks = [asyncio.create_task(batcher.embed(picture(1)))]
    await asyncio.sleep(0.05)
    tasks.append(asyncio.create_task(batcher.embed(picture(2, count=8))))
    await asyncio.sleep(0)
    with pytest.raises(Overloaded):
        await batcher.embed(picture(3))
    device.free.set()
    await asyncio.gather(*tasks)


async def test_a_caller_that_gave_up_costs_no_pass_and_no_place_in_the_queue(batcher, device):
    device.free.clear()
    first = asyncio.create_task(batcher.embed(picture(1)))
    await asyncio.sleep(0.05)
    gone = asyncio.create_task(batcher.embed(picture(2, count=8)))
    await asyncio.sleep(0)
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    last = asyncio.create_task(batcher.embed(picture(3)))
    await asyncio.sleep(0)
    device.free.set()
    await asyncio.gather(first, last)
    assert device.passes == [1, 1]


async def test_a_wait_lets_callers_meet_who_come_one_after_the_other(batcher, device):
    batcher.wait_ms = 200
    calls = []
    for n in (1, 2, 3):
        calls.append(asyncio.create_task(batcher.embed(picture(n))))
        await asyncio.sleep(0.01)
    await asyncio.gather(*calls)
    assert device.passes == [3]


async def test_the_batch_size_may_change_between_passes(batcher, device):
    batcher.max_batch_size = 1
    await while_busy(batcher, device, *(batcher.embed(picture(n)) for n in (1, 2)))
    assert device.passes == [1, 1, 1]


async def test_closing_cancels_whoever_still_waits(batcher, device):
    device.free.clear()
    running = asyncio.create_task(batcher.embed(picture(1)))
    await asyncio.sleep(0.05)
    waiting = asyncio.create_task(batcher.embed(picture(2)))
    await asyncio.sleep(0)
    batcher.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    device.free.set()
    assert (await running).tolist() == [[2, 2]]
