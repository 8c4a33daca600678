"""A replica of the Embedder, as Serve would build and call it."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
from pydantic import ValidationError

from config.sections import BlobSettings, MilvusSettings, ModelSettings, SqlSettings, TracingSettings
from config.settings import Settings
from imagesearch.errors import ModelError, NoTextSearch, Overloaded
from imagesearch.types import Embedded
from serve_app.embedder import Embedder
from serve_app.passes import FAILURES_BEFORE_RESTART


def embedder_of(model, **sections):
    return Embedder(
        Settings(
            sql=SqlSettings(url="sqlite://"),
            milvus=MilvusSettings(uri="http://127.0.0.1:9"),
            blobs=BlobSettings(uri="/nowhere"),
            model=model,
            **sections,
        )
    )


@pytest.fixture
def embedder():
    return embedder_of(ModelSettings(name="tiny"))


@pytest.fixture
def reading(tiny_clip):
    return embedder_of(ModelSettings(name=tiny_clip, weights="random", runtime="torch", device="cpu", threads=1))


def pictures(count, side=32):
    return np.random.default_rng(0).integers(0, 256, (count, side, side, 3), dtype=np.uint8)


async def test_a_request_may_hold_several_pictures_and_gets_a_unit_vector_for_each(embedder):
    embedded = await embedder.embed(pictures(3))
    vectors = embedded.vectors
    assert (embedded.runtime, embedded.device, embedded.cold) == ("numpy", "cpu", False)
    assert vectors.shape == (3, 193) and vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)


async def test_options_may_change_while_it_runs(embedder):
    before = await embedder.embed(pictures(3))
    embedder.reconfigure({"max_batch_size": 1, "batch_wait_ms": 1})
    assert np.allclose((await embedder.embed(pictures(3))).vectors, before.vectors, atol=1e-6)


@pytest.mark.parametrize("options", [{"max_batch_size": 0}, {"batch_wait_ms": -1}, {"batch_size": 3}])
def test_a_wrong_option_is_refused_by_its_name(embedder, options):
    with pytest.raises(ValidationError, match=next(iter(options))):
        embedder.reconfigure(options)


async def test_it_is_ill_once_every_pass_fails_and_well_again_after_one_that_does_not(embedder):
    for _ in range(FAILURES_BEFORE_RESTART):
        embedder.check_health()
        with pytest.raises(ModelError, match="ValueError"):
            await embedder.embed(pictures(1, side=31))
    with pytest.raises(ModelError):
        embedder.check_health()
    await embedder.embed(pictures(1))
    embedder.check_health()


async def test_texts_of_many_callers_share_passes_and_each_gets_its_own_vectors(reading):
    texts = [[f"word{n}", "a red car"][: 1 + n % 2] for n in range(20)]
    calls = [reading.embed_texts(each) for each in texts]
    *answers, of_pictures = await asyncio.gather(*calls, reading.embed(pictures(2)))
    assert of_pictures.vectors.shape == (2, 16)
    for each, answer in zip(texts, answers, strict=True):
        assert answer.vectors == pytest.approx((await reading.embed_texts(each)).vectors, abs=1e-5)
    assert {(answer.runtime, answer.device) for answer in answers} == {("torch", "cpu")}
    assert np.linalg.norm(np.concatenate([answer.vectors for answer in answers]), axis=1) == pytest.approx(1, abs=1e-5)


async def test_the_batch_of_texts_is_bounded_as_that_of_pictures(reading):
    texts = [f"word{n}" for n in range(7)]
    before = await reading.embed_texts(texts)
    sizes = []
    reading._passes._texts._tower.register_forward_hook(lambda module, args, out: sizes.append(len(out)))
    reading.reconfigure({"max_batch_size": 3, "batch_wait_ms": 1})
    assert (await reading.embed_texts(texts)).vectors == pytest.approx(before.vectors, abs=1e-5)
    assert sizes == [3, 3, 1]


async def test_more_texts_than_may_wait_are_overload(reading):
    answers = await asyncio.gather(*(reading.embed_texts(["a"] * 100) for _ in range(8)), return_exceptions=True)
    refused = [answer for answer in answers if isinstance(answer, Overloaded)]
    assert refused and all("texts wait" in answer.detail for answer in refused)
    assert len([answer for answer in answers if isinstance(answer, Embedded)]) == len(answers) - len(refused)


async def test_a_model_of_pictures_alone_refuses_texts(embedder):
    with pytest.raises(NoTextSearch, match="tiny"):
        await embedder.embed_texts(["a red car"])
    embedder.check_health()


async def test_it_logs_the_callers_of_a_pass_that_failed(embedder, logged):
    callers = [{"request_id": "a"}, {"request_id": "b"}, {}]
    calls = (embedder.embed(pictures(1, side=31), caller) for caller in callers)
    assert all(isinstance(one, ModelError) for one in await asyncio.gather(*calls, return_exceptions=True))
    failed = [one for one in logged() if one["level"] == "ERROR"]
    assert sorted(one for line in failed for one in line["request_ids"]) == ["a", "b"]
    assert all("reshape" in line["exception"] and "request_id" not in line for line in failed)


async def test_it_goes_on_with_its_caller_s_trace(collector):
    embedder = embedder_of(ModelSettings(name="tiny"), tracing=TracingSettings(endpoint=collector.endpoint))
    trace, caller = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
    await embedder.embed(pictures(2), {"request_id": "a", "traceparent": f"00-{trace}-{caller}-01"})
    embedder._tracer.close()
    served, forward = collector.of(trace)
    assert (served.name, served.parent, served.service) == ("embedder", caller, "imagesearch.embedder")
    assert (forward.name, forward.parent, forward.attributes) == ("forward", served.id, {"imagesearch.pictures": 2})


async def test_a_pass_over_texts_is_logged_as_one(reading, logged):
    await reading.embed_texts(["a red car"], {"request_id": "a"})
    (line,) = (one for one in logged() if one["logger"] == "serve_app.batcher")
    assert (line["texts"], line["request_ids"]) == (1, ["a"])
