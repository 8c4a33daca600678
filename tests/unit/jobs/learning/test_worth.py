"""What a join is worth: counted from cases whose answer is known."""

from dataclasses import replace

import numpy as np
import pytest

from imagesearch.errors import InputError
from imagesearch.join import Evidence
from jobs.learning.case import Case
from jobs.learning.fit import fitted
from jobs.learning.learn import better
from jobs.learning.worth import Judged, calibration_error, judged, worth

OTHER = Evidence(0.6, -0.2, 120, 2, 9, 0.1, 0.0, 0.0, False, 0.3, 0.0, 0.0, False)
SAME = Evidence(0.98, 0.2, 4, 90, 100, 0.98, 100.0, 100.0, False, 0.002, 0.0, 0.0, False)


def case(query=1, target=1, kind="edited", rank=0, evidence=SAME, **how):
    return Case(
        query, "crop", 0.5, target, kind, rank, **({"by_hash": False, "absent": False, "variant": False} | how), evidence=evidence
    )


def told(one, kind, share=0.97):
    """Judge a case to be of a kind."""
    shares = np.full(4, (1 - share) / 3)
    shares[("exact", "edited", "same_scene", "similar").index(kind)] = share
    return Judged(one, shares, float(shares[:2].sum()))


def test_each_figure_counts_its_own_cases():
    found = [
        # Found first, and called.
        told(case(1, 1), "edited"),
        told(case(1, 2, "similar", 1), "similar"),
        # Found second by its score, first when verified, not called.
        told(case(2, 1, "similar", 0), "similar", 0.99),
        told(case(2, 2, rank=1), "same_scene", 0.6),
        # Not among its neighbours; what comes first is a false copy, and so is one of two variants.
        told(case(3, 1, "similar", 0), "exact"),
        told(case(3, 4, "similar", 1, variant=True), "edited"),
        told(case(3, 5, "similar", 2, variant=True), "similar"),
        # Beyond what people see, and in a collection without the original.
        told(case(3, 6, "similar", 10), "edited"),
        told(case(3, 7, "similar", 0, absent=True), "edited"),
        told(case(3, 8, "similar", 1, absent=True), "similar"),
    ]
    figures = worth(found)
    assert (figures.queries, figures.embedding, figures.joined) == (3, pytest.approx(1 / 3), pytest.approx(2 / 3))
    assert figures.called == 0.5
    assert (figures.false, figures.false_absent, figures.variants) == (pytest.approx(1 / 3), 0.5, 0.5)


def test_what_only_its_hash_led_to_counts_where_it_is_likely_a_copy():
    hit = told(case(1, 2, "similar", 0), "similar", 0.9)
    likely, unlikely = (told(case(1, 1, rank=1, by_hash=True), kind, 0.7) for kind in ("edited", "same_scene"))
    assert worth([hit, likely]).joined == 1.0
    assert worth([hit, unlikely]).joined == 0.0


def test_what_is_searched_for_in_vain_weighs_more():
    there, in_vain = case(kind="similar", evidence=OTHER), case(kind="similar", evidence=OTHER, absent=True)

    def judged_to(share_there, share_in_vain):
        return [told(there, "similar", share_there), told(in_vain, "similar", share_in_vain)]

    sure, unsure = found = judged_to(0.9, 0.5)
    assert worth(found).loss == pytest.approx((sure.loss + 10 * unsure.loss) / 11)
    # What is worse at these by as much as it is better at the other is not better.
    assert not better(judged_to(0.5, 0.9), judged_to(0.9, 0.5))
    assert better(judged_to(0.9, 0.5), judged_to(0.5, 0.9))


def test_fitted_to_searches_in_vain_it_calls_fewer_copies():
    doubtful = Evidence(0.9, 0.1, 100, 8, 16, 0.55, 100.0, 100.0, False, 0.1, 0.0, 0.0, False)
    cases = [case(kind="exact"), case(kind="similar", evidence=OTHER)] * 20
    both = [case(kind="edited", evidence=doubtful), case(kind="similar", evidence=doubtful)] * 20
    absent = [replace(one, absent=one.kind == "similar") for one in both]
    (plain,), (careful,) = (fitted([*cases, *some]).verdicts([doubtful]) for some in (both, absent))
    assert plain.copy == pytest.approx(1 / 2, abs=0.1)
    assert careful.copy == pytest.approx(1 / 11, abs=0.05)


def test_probabilities_that_hold_have_no_calibration_error():
    true = [True] * 8 + [False] * 2
    assert calibration_error([0.8] * 10, true) == pytest.approx(0)
    assert calibration_error([1.0] * 10, true) == pytest.approx(0.2)


def test_a_join_is_fitted_to_all_classes_and_variants_teach_nothing():
    scene = Evidence(0.75, -0.02, 124, 60, 70, 0.96, 40.0, 42.0, False, 0.2, 0.0, 0.0, False)
    crop = Evidence(0.8, -0.02, 120, 60, 75, 0.96, 100.0, 25.0, False, 0.2, 0.0, 0.0, False)
    kinds = {"exact": SAME, "edited": crop, "same_scene": scene, "similar": OTHER}
    cases = [case(kind=kind, evidence=replace(one, cosine=one.cosine - n / 1000)) for kind, one in kinds.items() for n in range(20)]
    join = fitted(cases)
    assert [one.kind for one in join.verdicts(list(kinds.values()))] == list(kinds)
    again = fitted([*cases, *[case(kind="similar", evidence=SAME, variant=True)] * 50])
    assert (again.weights == join.weights).all()
    # Without scenes there are none, and all else is told; without what is similar nothing can be.
    few = fitted([one for one in cases if one.kind != "same_scene"])
    assert [one.kind for one in few.verdicts([SAME, crop, OTHER])] == ["exact", "edited", "similar"]
    assert few.shares([scene])[0, 2] == 0
    with pytest.raises(InputError, match="similar"):
        fitted([one for one in cases if one.kind != "similar"])
    # What was learned tells such cases better than one that was learned from the opposite, and not the other way round.
    kinds_swapped = {"exact": OTHER, "edited": scene, "same_scene": crop, "similar": SAME}
    wrong = fitted([case(kind=kind, evidence=replace(one, hamming=n)) for kind, one in kinds_swapped.items() for n in range(20)])
    spread = [replace(one, query=n % 7) for n, one in enumerate(cases)]
    assert better(judged(wrong, spread), judged(join, spread))
    assert not better(judged(join, spread), judged(wrong, spread))
    assert not better(judged(join, spread), judged(join, spread))
