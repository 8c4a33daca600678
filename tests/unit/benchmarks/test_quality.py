"""What the measurement takes for a picture of the folder, and how it judges an answer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.quality import EXACT, SAME_PIXELS, TOP_HIT, Answer, Picture, Tally, judge, main, pictures_of
from config import load_settings
from imagesearch.images.hashes import content_hash

FOLDER = Path("pictures")
ONE, TWIN, OTHER = (Picture(FOLDER / name, number, look) for number, (name, look) in enumerate(["ax", "bx", "cy"], 1))
BY_ID = {picture.milvus_id: picture for picture in (ONE, TWIN, OTHER)}


def judged(*hits: tuple[int, float]) -> Tally:
    tally = Tally()
    judge(tally, ONE, Answer(list(hits), np.zeros((1, 1, 3), np.uint8)), BY_ID, FOLDER)
    return tally


def test_the_original_on_top_is_right() -> None:
    tally = judged((1, 0.9), (3, 0.8))
    assert tally.shares() == {TOP_HIT: 1.0, SAME_PIXELS: 1.0, EXACT: 0.0}
    assert tally.misses == []


def test_a_picture_of_the_same_pixels_on_top_is_a_miss_that_is_told_apart() -> None:
    tally = judged((2, 0.9), (1, 0.8))
    assert (tally.original, tally.same_pixels) == (0, 1)
    assert tally.misses == [{"picture": "a", "found": "b", "same_pixels": True, "score": 0.9, "rank": 2, "score_of_original": 0.8}]


def test_another_picture_on_top_and_no_answer_at_all_are_misses() -> None:
    assert judged((3, 0.9)).same_pixels == judged().same_pixels == 0
    assert judged().misses[0]["found"] is None


def test_a_folder_s_pictures_are_those_that_were_added_and_each_content_once(tmp_path: Path) -> None:
    for name, colour in (("a.png", "red"), ("b.png", "red"), ("c.png", "blue"), ("d.png", "green")):
        Image.new("RGB", (4, 4), colour).save(tmp_path / name)
    # The same pixels in other bytes.
    Image.new("RGB", (4, 4), "blue").save(tmp_path / "e.png", compress_level=0)
    (tmp_path / "f.txt").write_text("not a picture")
    known = {content_hash((tmp_path / name).read_bytes()): number for number, name in enumerate(["a.png", "c.png", "e.png"], 1)}
    found = list(pictures_of(tmp_path, known, load_settings("local")))
    assert [(picture.path.name, picture.milvus_id) for picture in found] == [("a.png", 1), ("c.png", 2), ("e.png", 3)]
    assert found[0].looks != found[1].looks == found[2].looks


def test_a_limit_below_one_is_wrong_use() -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["pictures", "--limit", "0"])
    assert stopped.value.code == 2
