"""Which hit counts as the picture, what the figures make of answers, and a page that obeys no stranger's words."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from imagesearch.edits.catalogue import EDITS
from imagesearch.quality.baseline import Fall
from imagesearch.quality.figure import mean, share
from imagesearch.types import CatalogEntry, Hit, PictureFacts, PictureState
from jobs.evaluation.asker import Answer, judged, twins
from jobs.evaluation.copies import REPORTED
from jobs.evaluation.index_recall import Step
from jobs.evaluation.page import page
from jobs.evaluation.report import Case, Evaluation
from jobs.evaluation.summary import name_of, recalls, scores_of, thresholds, worst

FACTS = PictureFacts("0" * 64, 1, 1, "png", 1, "00" * 32)
ENTRY = CatalogEntry(7, "default", FACTS, PictureState.SEARCHABLE, datetime(2026, 1, 1, tzinfo=UTC), ())
CROP = ("crop", 0.5)
NAUGHTY = "<script>alert(1)</script>&\"'"


def test_hits_within_the_bits_of_a_group_are_copies():
    hashes = {7: "00" * 32, 8: "ff" * 3 + "00" * 29, 9: "ff" * 3 + "01" + "00" * 28}
    assert twins(ENTRY, hashes) == {7, 8}
    # The picture is itself, found or not.
    assert twins(ENTRY, {}) == {7}


def test_a_copy_counts_as_found_and_the_first_other_hit_is_the_false_one():
    hits = [Hit(5, 0.9), Hit(8, 0.8), Hit(7, 0.7)]
    assert judged("embedding", ENTRY, CROP, hits, {7, 8}) == Answer("embedding", 7, "crop", 0.5, 2, 0.8, 5, 0.9)
    assert judged("embedding", ENTRY, CROP, [Hit(7, 0.7)], {7}) == Answer("embedding", 7, "crop", 0.5, 1, 0.7, None, None)
    assert judged("embedding", ENTRY, CROP, [], {7}) == Answer("embedding", 7, "crop", 0.5, None, None, None, None)


def answers():
    """Four pictures, each found first by every method, but picture 3 after a crop: third by one, not at all by the other."""
    made = [Answer(m, one, e, s, 1, 0.9, 99, 0.5) for m in ("embedding", "hash") for one in range(4) for e, s in REPORTED]
    missed = {("embedding", 3, *CROP): (3, 0.4), ("hash", 3, *CROP): (None, None)}
    places = [missed.get((one.method, one.milvus_id, one.edit, one.strength), (1, 0.9)) for one in made]
    return [replace(one, rank=rank, score=score) for one, (rank, score) in zip(made, places, strict=True)]


def test_recall_is_told_for_each_method_edit_and_strength():
    figures = recalls(answers())
    assert len(figures) == 2 * 2 * (1 + len(REPORTED))
    assert figures[name_of("embedding", 1, *CROP)] == share(3, 4)
    assert figures[name_of("embedding", 10, *CROP)] == share(4, 4)
    assert figures[name_of("hash", 10, *CROP)] == share(3, 4)
    assert figures["embedding: recall@1"] == mean([1, 1, 1, 59 / 60])


def test_the_worst_cases_come_with_the_largest_margin_first():
    assert [(one.method, one.milvus_id) for one in worst(answers(), 5)] == [("hash", 3), ("embedding", 3)]
    assert worst(answers(), 1)[0].rank is None


def test_a_true_pair_that_was_not_found_reaches_no_threshold():
    true, false = scores_of(answers(), "hash")
    assert (true.count(-1.0), len(false)) == (1, 240)
    assert thresholds(answers(), 0.0)["hash"].true_rate == pytest.approx(239 / 240)


def test_the_page_shows_every_method_and_escapes_every_word():
    made = answers()
    case = Case(worst(made, 1)[0], NAUGHTY, b"a picture", None, b"another")
    labels = {f"label {NAUGHTY}: mAP@50": share(1, 2)}
    step = Step(64, share(9, 10), 1.0, 2.0)
    found = Evaluation({"namespace": NAUGHTY}, made, recalls(made) | labels, thresholds(made, 0.01), [step], {NAUGHTY: 1}, [case])
    shown = page(found, [Fall(NAUGHTY, share(1, 2), None)])
    assert "<script" not in shown
    assert shown.count("&lt;script&gt;") == 5
    assert shown.count("data:image/webp;base64,") == 2
    assert "Copies, by embedding" in shown and "Copies, by hash" in shown
    assert all(f"<td>{name}</td>" in shown for name in EDITS)
    assert "default-src 'none'" in shown
