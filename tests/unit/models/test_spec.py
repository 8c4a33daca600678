"""What settings lay over a model: other fingerprints and vectors, the same for index and queries; and what it cannot take."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from config.sections import ModelSettings
from imagesearch.errors import ConfigError
from imagesearch.models.encoder import Encoder
from imagesearch.models.load import fingerprint_of, open_encoder, preprocess_of
from imagesearch.models.located import located
from imagesearch.models.registry import lookup
from imagesearch.models.runtimes.choice import _path
from imagesearch.models.runtimes.exports import name_of
from imagesearch.models.runtimes.reference import least_cosine, pictures
from imagesearch.models.spec import spec_of
from imagesearch.models.weights import ObjectStore
from imagesearch.types import Vectors

# Of the weights that the package carries, and of before there were these settings.
LITE0 = "efficientnet_lite0/1280/579344248a93/squash-224-bilinear-gem"
CHOICES: list[tuple[dict[str, Any], str]] = [
    ({}, LITE0),
    ({"pooling": "avg"}, "efficientnet_lite0/1280/579344248a93/squash-224-bilinear"),
    ({"resize": "crop"}, "efficientnet_lite0/1280/579344248a93/crop1-224-bilinear-gem"),
    ({"input_size": 160}, "efficientnet_lite0/1280/579344248a93/squash-160-bilinear-gem"),
    ({"pooling": "avg", "resize": "crop", "input_size": 97}, "efficientnet_lite0/1280/579344248a93/crop1-97-bilinear"),
]


def opened(objects: ObjectStore, **settings: Any) -> Encoder:
    return open_encoder(ModelSettings(**({"device": "cpu", "runtime": "torch", "threads": 1} | settings)), objects)


def embedded(encoder: Encoder, photos: list[Image.Image]) -> Vectors:
    return encoder.encode(np.stack([encoder.prepare(photo) for photo in photos]))


@pytest.mark.parametrize(("choice", "fingerprint"), CHOICES)
def test_each_choice_is_in_the_fingerprint_and_pictures_are_prepared_by_it(
    choice: dict[str, Any], fingerprint: str, objects: ObjectStore
) -> None:
    settings = ModelSettings(**choice)
    foretold, preprocess = fingerprint_of(settings, objects)
    assert str(foretold) == fingerprint
    assert preprocess == preprocess_of(settings)
    assert preprocess.input_size == choice.get("input_size", 224)
    encoder = opened(objects, **choice)
    assert (encoder.fingerprint, encoder.preprocess) == (foretold, preprocess)


@pytest.mark.parametrize("name", ["efficientnet_lite0", "resnet50", "vgg16", "tiny", "timm:test_efficientnet", "clip:ViT-B-32"])
def test_a_model_of_which_nothing_is_chosen_is_the_registry_s(name: str) -> None:
    assert spec_of(ModelSettings(name=name)) == lookup(name)


def test_choosing_what_the_model_does_anyway_changes_nothing(objects: ObjectStore) -> None:
    same = ModelSettings(pooling="gem", resize="squash", input_size=224)
    assert str(fingerprint_of(same, objects)[0]) == LITE0
    assert spec_of(same) == lookup("efficientnet_lite0")


def test_each_choice_has_a_collection_an_export_and_a_measured_runtime_of_its_own(tmp_path: Path, objects: ObjectStore) -> None:
    models = [located(ModelSettings(**choice), objects) for choice, _ in CHOICES]
    for of_each in (
        {model.fingerprint.collection for model in models},
        {name_of(model) for model in models},
        {_path(model, tmp_path, None) for model in models},
    ):
        assert len(of_each) == len(CHOICES)


def test_each_choice_makes_other_vectors_of_its_own_kind(objects: ObjectStore, photos: list[Image.Image]) -> None:
    # Of a square one the crop is all.
    oblong = [photo for photo in photos if photo.width != photo.height]
    made = [embedded(opened(objects, **choice), oblong) for choice, _ in CHOICES]
    for one, other in combinations(made, 2):
        assert one.shape == other.shape == (len(oblong), 1280)
        # Alike, since it is the same network, and yet not comparable.
        assert (one * other).sum(axis=1).max() < 0.99


@pytest.mark.parametrize("choice", [{"pooling": "avg", "input_size": 160}, {"input_size": 97, "resize": "crop"}])
def test_both_runtimes_agree_on_what_was_chosen(
    choice: dict[str, Any], objects: ObjectStore, photos: list[Image.Image], model_cache: Path
) -> None:
    by_torch, by_onnx = (opened(objects, runtime=runtime, cache_dir=model_cache, **choice) for runtime in ("torch", "onnx"))
    assert (by_torch.runtime, by_onnx.runtime) == ("torch", "onnx")
    assert by_torch.fingerprint == by_onnx.fingerprint
    assert least_cosine(embedded(by_torch, photos), embedded(by_onnx, photos)) >= 0.9999
    made = pictures(choice["input_size"])
    assert least_cosine(by_torch.encode(made), by_onnx.encode(made)) >= 0.9999


def test_tiny_takes_another_size_and_way_to_resize(objects: ObjectStore, photos: list[Image.Image]) -> None:
    encoder = opened(objects, name="tiny", resize="crop", input_size=48)
    assert str(encoder.fingerprint) == "tiny/193/none/crop1-48-bilinear"
    assert embedded(encoder, photos).shape == (len(photos), 193)


def test_a_model_of_timm_takes_all_three_and_keeps_the_share_that_it_crops(objects: ObjectStore, photos: list[Image.Image]) -> None:
    chosen = {"name": "timm:test_efficientnet", "weights": "random", "pooling": "gem", "input_size": 96}
    encoder = opened(objects, **chosen)
    assert encoder.fingerprint.preprocess == "crop0.95-96-bicubic-gem"
    assert embedded(encoder, photos).shape == (len(photos), encoder.fingerprint.dim)
    assert fingerprint_of(ModelSettings(**chosen, resize="squash"), objects)[0].preprocess == "squash-96-bicubic-gem"


def test_a_model_with_words_may_see_the_whole_picture(tiny_clip: str, objects: ObjectStore, photos: list[Image.Image]) -> None:
    encoder = opened(objects, name=tiny_clip, weights="random", resize="squash", input_size=32)
    assert encoder.fingerprint.preprocess == "squash-32-bicubic"
    own = opened(objects, name=tiny_clip, weights="random")
    assert own.fingerprint.preprocess == "crop1-32-bicubic"
    assert not np.allclose(embedded(encoder, photos), embedded(own, photos), atol=1e-3)


@pytest.mark.parametrize("pooling", ["avg", "gem"])
@pytest.mark.parametrize("name", ["vgg16", "tiny", "timm:test_vit", "clip:ViT-B-32", "clip:ViT-B-16-SigLIP/webli"])
def test_a_pooling_for_a_model_with_one_of_its_own_is_refused(name: str, pooling: Any, objects: ObjectStore) -> None:
    settings = ModelSettings(name=name, weights="package" if name == "tiny" else "random", pooling=pooling)
    for asked in (preprocess_of, spec_of, lambda settings: fingerprint_of(settings, objects)):
        with pytest.raises(ConfigError, match=rf"model\.pooling is {pooling}, and {name} pools .* leave it unset"):
            asked(settings)


@pytest.mark.parametrize(
    ("name", "size", "why"),
    [
        ("clip:ViT-B-32", 256, r"takes 224 pixels only; leave it unset"),
        ("clip:ViT-B-16-SigLIP-256/webli", 224, r"takes 256 pixels only; leave it unset"),
        ("timm:test_vit", 192, r"takes 160 pixels only; leave it unset"),
        ("tiny", 36, r"takes multiples of 8; set one, or none"),
        ("timm:inception_v3", 64, r"does not take it \(.*\); set another, or leave it unset for its own 299"),
    ],
)
def test_an_input_size_that_a_model_cannot_take_is_refused(name: str, size: int, why: str, objects: ObjectStore) -> None:
    settings = ModelSettings(name=name, weights="package" if name == "tiny" else "random", input_size=size)
    for asked in (preprocess_of, spec_of, lambda settings: fingerprint_of(settings, objects)):
        with pytest.raises(ConfigError, match=rf"model\.input_size is {size}, and {name} {why}"):
            asked(settings)
