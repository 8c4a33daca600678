"""The shipped join: evidence to classes, each with a probability that means something."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from imagesearch.join import CLASSES, DEFAULT, Evidence, load_join, read_join, rows_of, written

SAME = Evidence(0.995, 0.2, 2, 250, 290, 0.99, 100.0, 100.0, False, 0.002)
CROP = Evidence(0.8, -0.02, 120, 60, 75, 0.96, 100.0, 25.0, False, 0.2)
MIRRORED = Evidence(0.97, 0.1, 126, 200, 240, 0.98, 100.0, 100.0, True, 0.15)
TONED = Evidence(0.97, 0.2, 4, 200, 260, 0.98, 100.0, 100.0, False, 0.12)
# As one that was resized to little, which looks the same.
BLURRED = Evidence(0.75, -0.01, 8, 0, 2, 0.93, 100.0, 100.0, False, 0.01)
CUTS = Evidence(0.75, -0.02, 124, 60, 70, 0.96, 40.0, 42.0, False, 0.2)
OTHER = Evidence(0.85, 0.05, 118, 3, 9, 0.12, 0.0, 0.0, False, 0.3)


@pytest.fixture(scope="module")
def join():
    return load_join()


@pytest.mark.parametrize(
    ("evidence", "kind"),
    [
        (SAME, "exact"),
        (CROP, "edited"),
        (MIRRORED, "edited"),
        (TONED, "edited"),
        (BLURRED, "exact"),
        (CUTS, "same_scene"),
        (OTHER, "similar"),
    ],
)
def test_the_shipped_join_knows_plain_cases(join, evidence, kind):
    (verdict,) = join.verdicts([evidence])
    assert verdict.kind == kind
    assert verdict.probability > 0.5
    assert (verdict.copy > 0.5) == (kind in ("exact", "edited"))


def test_alike_and_far_ahead_alone_is_no_copy(join):
    (verdict,) = join.verdicts([replace(OTHER, cosine=0.93, margin=0.05)])
    assert verdict.copy < 0.5


def test_hits_are_judged_each_by_itself(join):
    cases = [SAME, CROP, OTHER]
    for one, verdict in zip(cases, join.verdicts(cases), strict=True):
        (alone,) = join.verdicts([one])
        assert (verdict.kind, verdict.copy) == (alone.kind, pytest.approx(alone.copy, rel=1e-9))
    assert join.verdicts([]) == []


def test_extreme_evidence_has_finite_numbers(join):
    extreme = [
        Evidence(-1.0, -2.0, 256, 0, 0, -1.0, 0.0, 0.0, True, 1.0),
        Evidence(1.0, 2.0, 0, 10**6, 10**6, 1.0, 100.0, 100.0, False, 0.0),
    ]
    assert np.isfinite(rows_of(extreme)).all()
    assert np.abs(rows_of(extreme)).max() <= 1
    for verdict in join.verdicts(extreme):
        assert verdict.kind in CLASSES
        assert 0 <= verdict.copy <= 1 and 0.25 <= verdict.probability <= 1


def test_a_join_is_read_as_it_was_written(join):
    again = read_join(written(join))
    assert (again.weights == join.weights).all() and (again.bias == join.bias).all()


@pytest.mark.parametrize(
    "change",
    [
        lambda one: one["features"].reverse(),
        lambda one: one["classes"].pop(),
        lambda one: one["weights"].pop(),
        lambda one: one["weights"][0].pop(),
        lambda one: one["bias"].append(0.0),
        lambda one: one["bias"].__setitem__(0, 1e300),
        lambda one: one["bias"].__setitem__(0, float("nan")),
        lambda one: one["bias"].__setitem__(0, "1"),
        lambda one: one.__setitem__("code", "import os"),
        lambda one: one.clear(),
    ],
)
def test_a_document_that_is_none_of_these_is_refused(tmp_path, change):
    learned = json.loads(DEFAULT.read_text())
    change(learned)
    other = tmp_path / "other.json"
    other.write_text(json.dumps(learned))
    with pytest.raises(ValueError):
        load_join(other)
