"""A replica of the Embedder, as Serve would build and call it."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from config.sections import BlobSettings, MilvusSettings, ModelSettings, SqlSettings
from config.settings import Settings
from imagesearch.errors import ModelError
from serve_app.embedder import FAILURES_BEFORE_RESTART, Embedder


@pytest.fixture
def embedder():
    return Embedder(
        Settings(
            sql=SqlSettings(url="sqlite://"),
            milvus=MilvusSettings(uri="http://127.0.0.1:9"),
            blobs=BlobSettings(uri="/nowhere"),
            model=ModelSettings(name="tiny"),
        )
    )


def pictures(count, side=32):
    return np.random.default_rng(0).integers(0, 256, (count, side, side, 3), dtype=np.uint8)


async def test_a_request_may_hold_several_pictures_and_gets_a_unit_vector_for_each(embedder):
    vectors = await embedder.embed(pictures(3))
    assert vectors.shape == (3, 193) and vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)


async def test_options_may_change_while_it_runs(embedder):
    before = await embedder.embed(pictures(3))
    embedder.reconfigure({"max_batch_size": 1, "batch_wait_ms": 1})
    assert np.allclose(await embedder.embed(pictures(3)), before, atol=1e-6)


@pytest.mark.parametrize("options", [{"max_batch_size": 0}, {"batch_wait_ms": -1}, {"batch_size": 3}])
def test_a_wrong_option_is_refused_by_its_name(embedder, options):
    with pytest.raises(ValidationError, match=next(iter(options))):
        embedder.reconfigure(options)


async def test_it_is_ill_once_every_pass_fails_and_well_again_after_one_that_does_not(embedder):
    for _ in range(FAILURES_BEFORE_RESTART):
        embedder.check_health()
        with pytest.raises(ValueError, match="reshape"):
            await embedder.embed(pictures(1, side=31))
    with pytest.raises(ModelError):
        embedder.check_health()
    await embedder.embed(pictures(1))
    embedder.check_health()
