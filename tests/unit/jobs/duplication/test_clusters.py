"""Pairs become clusters of copies of one picture, never chains of variants."""

import pytest

from imagesearch.pairs import Pair
from jobs.duplication.clusters import components, stars

LEAST = 0.95


def pairs(*names, copy=0.99):
    return [Pair(min(a, b), max(a, b), "edited", copy) for a, b in names]


class Known:
    """What is known of pairs, by the pictures that are truly one; counts what it is asked."""

    def __init__(self, *same):
        self._same = [set(one) for one in same]
        self.asked = []

    def __call__(self, kept, others):
        self.asked += [(kept, one) for one in sorted(others)]
        together = lambda one: any({kept, one} <= group for group in self._same)  # noqa: E731
        return {one: pairs((kept, one), copy=0.99 if together(one) else 0.1)[0] for one in others}


def told(ids, found, between):
    return [
        (kept, sorted({one for pair in members for one in (pair.one, pair.other)}))
        for kept, members in stars(ids, found, LEAST, between)
    ]


def test_components_are_what_pairs_lead_to():
    assert components(pairs((5, 9), (1, 2), (2, 3), (7, 9))) == [[1, 2, 3], [5, 7, 9]]
    assert components(pairs((4, 4))) == [[4]]
    assert components([]) == []


def test_a_chain_of_variants_is_not_one_cluster():
    chain = pairs((1, 2), (2, 3), (3, 4), (4, 5))
    known = Known({1, 2}, {2, 3}, {3, 4}, {4, 5})
    assert told([1, 2, 3, 4, 5], chain, known) == [(1, [1, 2]), (3, [3, 4])]
    # What a refused picture leads to is not asked about: a long chain costs no more than its length.
    assert (1, 4) not in known.asked and (1, 5) not in known.asked


def test_the_copies_of_a_copy_are_held_against_the_picture_to_keep():
    # A picture that has more copies than anyone's neighbours: only some pairs were found.
    found = pairs((1, 2), (2, 3), (3, 4), (4, 5))
    assert told([5, 4, 3, 2, 1], found, Known({1, 2, 3, 4, 5})) == [(5, [1, 2, 3, 4, 5])]


def test_what_is_less_likely_than_wanted_neither_joins_nor_leads():
    found = [*pairs((1, 2), copy=0.94), *pairs((2, 3))]
    assert told([1, 2, 3], found, Known({1, 2, 3})) == [(2, [2, 3])]


def test_a_picture_of_several_places_is_a_cluster_by_itself_and_others_are_not():
    assert told([4], pairs((4, 4)), Known()) == [(4, [])]
    # A pair that does not hold against the picture to keep leaves two single ones.
    assert told([1, 2], pairs((1, 2)), Known()) == []


def test_what_cannot_be_judged_is_left_out():
    assert told([1, 2, 3], pairs((1, 2), (1, 3)), lambda kept, others: {2: pairs((1, 2))[0]} if kept == 1 else {}) == [(1, [1, 2])]


@pytest.mark.parametrize("gone", [2, 1])
def test_pictures_that_are_gone_are_in_no_cluster(gone):
    ids = [one for one in (1, 2, 3) if one != gone]
    assert told(ids, pairs((1, 2), (2, 3), (1, 3)), Known({1, 2, 3})) == [(ids[0], ids)]
