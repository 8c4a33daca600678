"""Copies are sure, variants of one drawing are not, and what cannot be read is held against nothing."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest
from PIL import Image, ImageDraw

from config.sections import ImageSettings, S3Settings, SourceSettings
from imagesearch.images.decode import decode
from imagesearch.images.facts import facts
from imagesearch.images.s3 import S3
from imagesearch.images.sources import Sources
from imagesearch.join import load_join
from imagesearch.types import CatalogEntry, PictureState, Source
from jobs.duplication.judge import DOUBTFUL, Judge, Likeness

LIMITS = ImageSettings()
SURE = 0.9


def drawing(letter="A", colour="red"):
    picture = Image.new("RGB", (320, 240), "white")
    draw = ImageDraw.Draw(picture)
    draw.polygon([(20, 90), (170, 30), (290, 100), (160, 220)], fill="cyan", outline="black")
    draw.ellipse((200, 140, 310, 230), fill=colour, outline="black")
    for place in range(12):
        draw.rectangle((10 + 25 * place, 5 + 3 * place, 20 + 25 * place, 18 + 4 * place), fill=(20 * place, 90, 200))
    draw.text((130, 80), letter, fill="black", font_size=70)
    return picture


@pytest.fixture
def kept(tmp_path):
    """Put a picture into a file, and into the catalog's words."""

    def keep(milvus_id, picture, kind="PNG", **options):
        out = io.BytesIO()
        picture.save(out, kind, **options)
        path = tmp_path / f"{milvus_id}.{kind.lower()}"
        path.write_bytes(out.getvalue())
        now = datetime(2026, 1, 1, tzinfo=UTC)
        said = facts(out.getvalue(), decode(out.getvalue(), LIMITS))
        return CatalogEntry(milvus_id, "default", said, PictureState.SEARCHABLE, now, (Source(str(path), {}, milvus_id, now),))

    return keep


@pytest.fixture
def judge(tmp_path):
    return Judge(Sources(SourceSettings(roots=(tmp_path,)), LIMITS.max_bytes, S3(S3Settings())), LIMITS, load_join())


def test_a_copy_is_sure_whichever_comes_first(kept, judge):
    original = kept(2, drawing())
    copies = [kept(1, drawing(), "JPEG", quality=60), kept(3, drawing().resize((160, 120), Image.Resampling.LANCZOS))]
    for copy in copies:
        (pair,), (other,) = (judge.pairs([Likeness(*both, 0.97)]) for both in ((original, copy), (copy, original)))
        assert pair == other
        assert (pair.one, pair.other) == (min(2, copy.milvus_id), max(2, copy.milvus_id))
        assert pair.copy > SURE


@pytest.mark.parametrize("variant", [drawing("V"), drawing(colour="green"), drawing("")], ids=["letter", "colour", "none"])
def test_a_variant_is_not_sure_however_near_the_model_sees_it(kept, judge, variant):
    (pair,) = judge.pairs([Likeness(kept(1, drawing()), kept(2, variant), 0.99)])
    assert pair.copy <= DOUBTFUL < SURE
    assert pair.kind == "edited"


def test_what_cannot_be_read_is_counted_once_and_left_out(kept, judge, tmp_path):
    one, gone, changed = kept(1, drawing()), kept(2, drawing("B")), kept(3, drawing("C"))
    (tmp_path / "2.png").unlink()
    (tmp_path / "3.png").write_bytes((tmp_path / "1.png").read_bytes())
    asked = [Likeness(one, gone, 0.9), Likeness(one, changed, 0.9), Likeness(gone, changed, 0.9)]
    assert judge.pairs(asked) == []
    assert judge.unread == 2
