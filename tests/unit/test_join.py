"""The shipped join: evidence to classes, each with a probability that means something."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from imagesearch.join import CLASSES, DEFAULT, Evidence, load_join, read_join, rows_of, written

SAME = Evidence(0.995, 0.2, 2, 250, 290, 0.995, 100.0, 100.0, False, 0.002, 0.001, 0.0, False)
CROP = Evidence(0.8, -0.02, 120, 60, 75, 0.96, 100.0, 25.0, False, 0.2, 0.1, -0.4, False)
MIRRORED = Evidence(0.97, 0.1, 126, 200, 240, 0.98, 100.0, 100.0, True, 0.15, 0.05, 0.0, False)
TURNED = Evidence(0.75, -0.02, 126, 107, 124, 1.0, 100.0, 100.0, False, 0.15, 0.03, 0.0, False)
TONED = Evidence(0.97, 0.2, 4, 200, 260, 0.98, 100.0, 100.0, False, 0.12, 0.05, 0.0, False)
TINTED = Evidence(0.97, 0.2, 2, 200, 260, 0.998, 100.0, 100.0, False, 0.06, 0.07, 0.0, False)
SHARPENED = Evidence(0.97, 0.2, 2, 200, 260, 0.985, 100.0, 100.0, False, 0.007, 0.002, 0.3, False)
BLURRED = Evidence(0.53, -0.04, 22, 0, 3, 0.985, 100.0, 100.0, False, 0.037, 0.004, -1.9, True)
CUTS = Evidence(0.75, -0.02, 124, 60, 70, 0.96, 40.0, 42.0, False, 0.2, 0.1, 0.0, False)
OTHER = Evidence(0.85, 0.05, 118, 3, 9, 0.12, 0.0, 0.0, False, 0.3, 0.1, 0.2, False)
# Another drawing, made as soft as the query is: soft pictures resemble each other.
SOFT = Evidence(0.8, 0.01, 90, 0, 2, 0.6, 100.0, 100.0, False, 0.1, 0.05, -1.5, True)


@pytest.fixture(scope="module")
def join():
    return load_join()


@pytest.mark.parametrize(
    ("evidence", "kind"),
    [
        (SAME, "exact"),
        (CROP, "edited"),
        (MIRRORED, "edited"),
        (TURNED, "edited"),
        (TONED, "edited"),
        (TINTED, "edited"),
        (SHARPENED, "edited"),
        (BLURRED, "edited"),
        (CUTS, "same_scene"),
        (OTHER, "similar"),
        (SOFT, "similar"),
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
        Evidence(-1.0, -2.0, 256, 0, 0, -1.0, 0.0, 0.0, True, 1.0, 1.0, -20.0, True),
        Evidence(1.0, 2.0, 0, 10**6, 10**6, 1.0, 100.0, 100.0, False, 0.0, 0.0, 20.0, False),
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
