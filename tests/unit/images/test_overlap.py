"""A picture is known again in its edits by its local features, and where; pictures that are others are not."""

from __future__ import annotations

import importlib.util
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from imagesearch.images.alignment import Sought
from imagesearch.images.features import Features, bare, features_of, mirrored, reduced
from imagesearch.images.overlap import laid, overlap

PHOTOGRAPHS = ("astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg", "motorcycle_left.png")


# Only the folder is wanted: what the package itself needs to be imported is not installed.
FOLDER = Path(importlib.util.find_spec("skimage").origin).parent / "data"


def photograph(name: str) -> Image.Image:
    return Image.open(FOLDER / name).convert("RGB")


def recompressed(image):
    out = io.BytesIO()
    image.save(out, "JPEG", quality=30)
    return Image.open(out).convert("RGB")


def captioned(image):
    image = image.copy()
    ImageDraw.Draw(image).rectangle((0, image.height * 3 // 4, image.width, image.height), fill="white")
    return image


def middle(image, share):
    left, top = round(image.width * (1 - share) / 2), round(image.height * (1 - share) / 2)
    return image.crop((left, top, image.width - left, image.height - top))


EDITS = {
    "recompressed": recompressed,
    "half": lambda image: image.resize((image.width // 2, image.height // 2)),
    "dark": lambda image: ImageEnhance.Brightness(image).enhance(0.6),
    "grey": ImageOps.grayscale,
    "blurred": lambda image: image.filter(ImageFilter.GaussianBlur(image.width / 60)),
    "turned": lambda image: image.rotate(90, expand=True),
    "askew": lambda image: image.rotate(15, expand=True, fillcolor="white"),
    "mirrored": ImageOps.mirror,
    "mirrored and cropped": lambda image: ImageOps.mirror(middle(image, 0.6)),
    "captioned": captioned,
    "bordered": lambda image: ImageOps.expand(image, image.width // 4, "black"),
    "cropped": lambda image: middle(image, 0.5),
}


@pytest.fixture(scope="module")
def known():
    return {name: features_of(photograph(name)) for name in PHOTOGRAPHS}


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_an_edit_overlaps_with_its_original_and_with_no_other(known, name, edit):
    query = features_of(EDITS[edit](photograph(name)).convert("RGB"))
    found = {one: overlap(query, target) for one, target in known.items()}
    assert max(found, key=lambda one: found[one].agreement) == name
    assert found[name].agreement > 0.45
    assert found[name].target > 20
    assert all(one.inliers < 12 for other, one in found.items() if other != name)


@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_a_crop_is_shown_where_it_was(known, name):
    found = overlap(features_of(middle(photograph(name), 0.5)), known[name])
    assert found.query == pytest.approx(100, abs=5)
    assert found.target == pytest.approx(25, abs=3)
    (left, top), (right, bottom) = np.min(found.target_area, axis=0), np.max(found.target_area, axis=0)
    assert (left, top, right, bottom) == pytest.approx((0.25, 0.25, 0.75, 0.75), abs=0.06)
    assert not found.mirrored


def drawing(seed):
    """Soft discs on white, with hardly a feature in them."""
    chance = np.random.default_rng(seed)
    image = Image.new("RGB", (180, 150), "white")
    for x, y in chance.integers(20, 130, (7, 2)):
        radius, grey = (int(one) for one in chance.integers(10, 40, 2))
        ImageDraw.Draw(image).ellipse((x - radius, y - radius, x + radius, y + radius), fill=(5 * grey, 3 * grey, 255 - 4 * grey))
    return image.filter(ImageFilter.GaussianBlur(4))


@pytest.mark.parametrize("area", [(40, 30, 130, 105), (10, 20, 118, 140), (60, 30, 160, 100)])
def test_a_cut_of_a_drawing_without_features_is_found_where_it_was(area):
    target, *others = (features_of(drawing(seed)) for seed in range(8))
    query = features_of(drawing(0).crop(area))
    found = overlap(query, target)
    assert found.agreement > 0.88
    assert found.query == pytest.approx(100, abs=5)
    corners = np.asarray(found.target_area) * (180, 150)
    assert (*corners.min(axis=0), *corners.max(axis=0)) == pytest.approx(area, abs=8)
    assert all(overlap(query, other).agreement < found.agreement - 0.05 for other in others)


@pytest.mark.parametrize("wide", [20, 45])
def test_a_drawing_without_features_is_found_within_a_border(wide):
    target, *others = (features_of(drawing(seed)) for seed in range(8))
    query = features_of(ImageOps.expand(drawing(0), wide, "black"))
    found = overlap(query, target)
    assert found.agreement > 0.88
    assert found.target == pytest.approx(100, abs=8)
    corners = np.asarray(found.query_area) * (180 + 2 * wide, 150 + 2 * wide)
    assert (*corners.min(axis=0), *corners.max(axis=0)) == pytest.approx((wide, wide, 180 + wide, 150 + wide), abs=10)
    assert all(overlap(query, other).agreement < found.agreement - 0.05 for other in others)


def test_a_few_lines_somewhere_are_no_part():
    """A narrow cut with next to nothing on it fits into any drawing that has an edge."""
    line = Image.new("RGB", (60, 300), "white")
    ImageDraw.Draw(line).rectangle((24, 60, 36, 240), fill="black")
    edge = Image.new("RGB", (300, 300), "white")
    ImageDraw.Draw(edge).rectangle((148, 100, 152, 215), fill="black")
    ImageDraw.Draw(edge).ellipse((30, 80, 110, 200), fill="red")
    found = overlap(features_of(line), features_of(edge))
    assert found.agreement < 0.6


@pytest.mark.parametrize("side", [32, 64])
def test_a_small_picture_has_features_enough_to_be_turned(side):
    small = photograph("chelsea.png").resize((side, side))
    found = overlap(features_of(small.rotate(25, expand=True, fillcolor="white")), features_of(small))
    assert found.inliers >= 12
    assert found.agreement > 0.6


@pytest.mark.parametrize("edit", ["mirrored", "mirrored and cropped"])
def test_a_mirror_image_is_told(known, edit):
    assert overlap(features_of(EDITS[edit](photograph("chelsea.png"))), known["chelsea.png"]).mirrored


@pytest.mark.parametrize(("edit", "toned"), [("half", False), ("recompressed", False), ("dark", True), ("grey", True)])
def test_what_was_toned_differs_in_tone(known, edit, toned):
    """All else is the same: by that a brightened picture is told from one that was saved anew."""
    query = features_of(EDITS[edit](photograph("coffee.png")).convert("RGB"))
    assert (overlap(query, known["coffee.png"]).tone > 0.03) == toned
    assert toned or overlap(query, known["coffee.png"]).tone < 0.01


def test_a_change_of_hue_is_told_from_one_of_light(known):
    photo = photograph("coffee.png")
    red, green, blue = photo.split()
    turned = overlap(features_of(Image.merge("RGB", (green, blue, red))), known["coffee.png"])
    dimmed = overlap(features_of(ImageEnhance.Brightness(photo).enhance(0.9)), known["coffee.png"])
    assert turned.hue > 0.1
    assert dimmed.hue < 0.02 < dimmed.tone


@pytest.mark.parametrize("edit", ["recompressed", "half", "dark", "grey", "blurred", "mirrored", "turned"])
def test_a_glance_sees_what_lies_on_it_as_a_whole(known, edit):
    query = Sought.of(bare(reduced(EDITS[edit](photograph("chelsea.png")).convert("RGB"))))
    glanced = {name: laid(query, target) for name, target in known.items()}
    assert max(glanced, key=lambda one: glanced[one].agreement) == "chelsea.png"
    found = glanced["chelsea.png"]
    assert found.agreement > 0.9
    assert (found.query, found.target, found.mirrored) == (100, 100, edit == "mirrored")
    assert (found.inliers, found.pairs) == (0, 0)


def test_a_glance_does_not_see_a_part(known):
    query = features_of(middle(photograph("chelsea.png"), 0.5))
    assert laid(Sought.of(query), known["chelsea.png"]).agreement < 0.5 < overlap(query, known["chelsea.png"]).agreement


def test_mirrored_descriptors_are_those_of_the_mirror_image(known):
    photo = known["astronaut.png"]
    flipped = features_of(ImageOps.mirror(photograph("astronaut.png")))
    there = photo.points * (-1, 1) + (photo.size[0] - 1, 0)
    nearest = np.linalg.norm(there[:, None] - flipped.points, axis=2).argmin(axis=1)
    difference = np.abs(mirrored(photo.descriptors).astype(int) - flipped.descriptors[nearest]).mean(axis=1)
    assert np.median(difference) < 10
    assert np.median(np.abs(photo.descriptors.astype(int) - flipped.descriptors[nearest]).mean(axis=1)) > 20


def test_the_same_pictures_give_the_same_answer(known):
    query = features_of(EDITS["askew"](photograph("coffee.png")))
    assert overlap(query, known["coffee.png"]) == overlap(query, known["coffee.png"])


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (20000, 2), (64, 64)])
@pytest.mark.parametrize("colour", ["white", "black", "red"])
def test_tiny_and_flat_pictures_have_nothing_in_common_with_any(known, size, colour):
    flat = features_of(Image.new("RGB", size, colour))
    for other in (flat, known["coffee.png"]):
        for found in (overlap(flat, other), overlap(other, flat)):
            assert (found.inliers, found.query, found.target, found.query_area) == (0, 0, 0, ())


def test_many_equal_squares_are_held_against_each_other():
    board = Image.fromarray(np.kron(np.indices((16, 16)).sum(axis=0) % 2, np.ones((64, 64))).astype(np.uint8) * 255).convert("RGB")
    features = features_of(board)
    assert overlap(features, features).agreement == pytest.approx(1, abs=0.01)


def test_features_take_little_memory(known):
    assert all(isinstance(one, Features) and one.nbytes < 70_000 for one in known.values())
