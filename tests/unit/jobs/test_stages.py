"""What the stages decide, without Ray."""

from datetime import UTC, datetime

import numpy as np
import pytest

from config.sections import ModelSettings
from imagesearch.errors import EmbeddingFailed, StoreBusy, StoreUnavailable
from imagesearch.models.load import open_encoder
from imagesearch.stores.patience import patiently
from imagesearch.stores.sql.verdicts import Interned
from imagesearch.types import LogRow, LogState, PictureFacts, PictureState
from jobs.embed import embed_each
from jobs.fetch import Picture, sort_out

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def row(log_id):
    return LogRow(log_id, "default", f"/{log_id}", {}, LogState.PENDING, None, 0, None, None, NOW, None)


def picture(log_id, name):
    return Picture(row(log_id), PictureFacts(name, 1, 1, "png", 1, "0"), np.full((2, 2, 3), log_id, np.uint8))


def test_rows_of_one_content_share_one_forward_pass_and_known_pictures_cost_none():
    pictures = [picture(1, "a"), picture(2, "b"), picture(3, "a"), picture(4, "c")]
    interned = {
        ("default", "a"): Interned(10, PictureState.LOADING, NOW),
        ("default", "b"): Interned(11, PictureState.SEARCHABLE, NOW),
        ("default", "c"): Interned(12, PictureState.DELETED, NOW),
    }
    batch, pixels = sort_out(pictures, interned, [], 0.0)
    assert [(one.target.milvus_id, [r.log_id for r in one.rows]) for one in batch.fresh] == [(10, [1, 3]), (12, [4])]
    assert pixels[:, 0, 0, 0].tolist() == [1, 4]
    assert [(one.row.log_id, one.milvus_id, one.embedded) for one in batch.known] == [(2, 11, False)]
    assert batch.fresh[0].target.create_time == int(NOW.timestamp())


def test_a_batch_without_fresh_pictures_has_no_pixels():
    assert len(sort_out([], {}, [], 0.0)[1]) == 0


class Choosy:
    """Refuses pictures whose first value is 7, as a network whose output is not finite would be refused."""

    def __init__(self):
        self._encoder = open_encoder(ModelSettings(name="tiny"), None)
        self.fingerprint = self._encoder.fingerprint

    def encode(self, pixels):
        bad = np.flatnonzero(pixels[:, 0, 0, 0] == 7)
        if bad.size:
            raise EmbeddingFailed("not finite", row=int(bad[0]))
        return self._encoder.encode(pixels)


def test_a_picture_without_a_usable_vector_fails_alone():
    pixels = np.random.default_rng(0).integers(8, 255, (6, 32, 32, 3)).astype(np.uint8)
    encoder = Choosy()
    whole = encoder.encode(pixels)
    pixels[2, 0, 0, 0] = pixels[5, 0, 0, 0] = 7
    vectors, failed = embed_each(encoder, pixels)
    assert set(failed) == {2, 5}
    good = [0, 1, 3, 4]
    assert np.allclose(vectors[good], whole[good], atol=1e-6)
    assert not vectors[[2, 5]].any()


def test_a_batch_of_nothing_but_bad_pictures_ends():
    pixels = np.full((3, 32, 32, 3), 7, np.uint8)
    assert set(embed_each(Choosy(), pixels)[1]) == {0, 1, 2}


def test_no_pictures_need_no_pass():
    vectors, failed = embed_each(Choosy(), np.empty((0, 0, 0, 3), np.uint8))
    assert (len(vectors), failed) == (0, {})


def test_a_store_that_comes_back_is_waited_for():
    answers = iter([StoreUnavailable("down", store="sql"), StoreBusy("locked", store="sql"), None])

    def call():
        answer = next(answers)
        if answer is not None:
            raise answer
        return "done"

    assert patiently(call, 30) == "done"


def test_a_store_that_stays_away_is_given_up_with_its_own_error():
    def call():
        raise StoreUnavailable("down", store="milvus")

    with pytest.raises(StoreUnavailable):
        patiently(call, 0.1)
