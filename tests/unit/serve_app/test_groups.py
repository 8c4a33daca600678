"""Hits that look the same are one."""

import numpy as np

from imagesearch.types import Hit
from serve_app.groups import SAME_BITS, Group, grouped


def hash_of(bits):
    return np.packbits(bits).tobytes().hex()


def changed(bits, places):
    other = bits.copy()
    other[:places] ^= 1
    return other


def test_a_hit_goes_to_the_group_that_it_looks_most_like_and_the_order_stays():
    chance = np.random.default_rng(0)
    cat, dog = chance.integers(0, 2, 256, np.uint8), chance.integers(0, 2, 256, np.uint8)
    hashes = {1: cat, 2: dog, 3: changed(cat, SAME_BITS), 4: changed(dog, 1), 5: changed(cat, SAME_BITS + 1)}
    hits = [Hit(one, 1 - one / 10) for one in hashes]
    found = grouped(hits, {one: hash_of(bits) for one, bits in hashes.items()})
    assert found == [Group(hits[0], (3,)), Group(hits[1], (4,)), Group(hits[4])]


def test_one_that_is_gone_is_left_out_and_many_groups_are_kept_apart():
    chance = np.random.default_rng(1)
    hashes = {one: hash_of(chance.integers(0, 2, 256, np.uint8)) for one in range(300)}
    hits = [Hit(one, -float(one)) for one in range(301)]
    assert grouped(hits, hashes) == [Group(hit) for hit in hits[:300]]
    assert grouped([], {}) == []
