"""Each edit on pictures of all sizes: what it returns, that it repeats, that it changes what its name says."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imagesearch.edits.catalogue import EDITS

ODD = [(1, 1), (1, 2), (2, 1), (1, 4000), (4000, 1), (3, 5), (97, 64)]
EVERY = pytest.mark.parametrize("name", EDITS)


def drawn(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)


def scene():
    """Soft fields of colour, as photographs have, not symmetric in any way."""
    rows, columns = np.mgrid[0:90, 0:120]
    red = 40 + rows + columns
    return np.stack([red, 200 - rows, (60 + columns + 30 * (rows > 30)) % 256], axis=2).astype(np.uint8)


def strengths(edit):
    return (*edit.report, *edit.learn)


def test_there_are_twenty_with_three_strengths_to_report_and_three_others_to_learn_from():
    assert len(EDITS) == 20
    for edit in EDITS.values():
        assert len({*edit.report, *edit.learn}) == 6


@EVERY
@pytest.mark.parametrize("size", ODD)
def test_any_size_gives_rgb_pixels_of_at_least_one(name, size):
    rgb = drawn(*size)
    before = rgb.copy()
    for strength in strengths(EDITS[name]):
        made = EDITS[name](rgb, strength, 7)
        assert made.dtype == np.uint8
        assert made.ndim == 3
        assert made.shape[2] == 3
        assert min(made.shape) >= 1
        assert made.flags.c_contiguous
    assert np.array_equal(rgb, before)


@EVERY
@settings(max_examples=15, deadline=None)
@given(height=st.integers(1, 80), width=st.integers(1, 80), seed=st.integers(0, 2**32), which=st.integers(0, 5))
def test_the_same_seed_gives_the_same_pixels(name, height, width, seed, which):
    edit, rgb = EDITS[name], drawn(height, width, seed)
    strength = strengths(edit)[which]
    once, again = edit(rgb, strength, seed), edit(rgb, strength, seed)
    assert np.array_equal(once, again)
    assert once.shape[2] == 3


@EVERY
def test_an_edit_changes_a_picture_and_each_strength_does_so_differently(name):
    edit = EDITS[name]
    made = [edit(scene(), strength, 3) for strength in strengths(edit)]
    for place, one in enumerate(made):
        assert not np.array_equal(one, scene())
        assert not any(np.array_equal(one, other) for other in made[place + 1 :])


@pytest.mark.parametrize("name", ["noise", "overlay text", "overlay picture", "perspective", "strips", "border"])
def test_another_seed_gives_other_pixels(name):
    edit = EDITS[name]
    assert not np.array_equal(edit(scene(), edit.report[2], 1), edit(scene(), edit.report[2], 2))


@EVERY
def test_a_grey_picture_is_edited_too(name):
    grey = np.full((40, 30, 3), 128, np.uint8)
    assert EDITS[name](grey, EDITS[name].report[0], 0).shape[2] == 3


def test_shapes_are_what_the_names_say():
    rgb = scene()
    assert EDITS["resize"](rgb, 0.5, 0).shape == (45, 60, 3)
    assert EDITS["crop"](rgb, 0.5, 0).shape == (45, 60, 3)
    assert EDITS["border"](rgb, 0.25, 0).shape == (90 + 2 * 22, 120 + 2 * 30, 3)
    assert EDITS["pad"](rgb, 0.05, 0).shape == (132, 132, 3)
    assert np.array_equal(EDITS["mirror"](rgb, 0.0, 0), rgb[:, ::-1])
    assert np.array_equal(EDITS["rotate"](rgb, 90, 0), np.rot90(rgb))
    assert np.array_equal(EDITS["screenshot"](rgb, 0.05, 0)[4:94, 6:], rgb)


def test_a_grey_copy_has_no_colour_and_a_darker_one_less_light():
    grey = EDITS["grey"](scene(), 1.0, 0).astype(int)
    assert np.ptp(grey, axis=2).max() == 0
    assert EDITS["brightness"](scene(), 0.4, 0).mean() < 0.5 * scene().mean()


@pytest.mark.parametrize("wrong", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 4), np.uint8), np.zeros((0, 4, 3), np.uint8)])
def test_other_than_rgb_pixels_are_refused(wrong):
    with pytest.raises(ValueError, match="RGB"):
        EDITS["jpeg"](wrong, 50, 0)


def test_floats_are_refused():
    with pytest.raises(ValueError, match="float32"):
        EDITS["jpeg"](np.zeros((4, 4, 3), np.float32), 50, 0)
