from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from config.sections import ModelSettings
from imagesearch.errors import UnknownModel, WeightsNotFound
from imagesearch.models.encoder import Encoder
from imagesearch.models.load import fingerprint_of, open_encoder
from imagesearch.models.network import build
from imagesearch.models.registry import lookup
from imagesearch.models.weights import ObjectStore, digest

SMALL = "timm:mobilenetv3_small_050"


@pytest.fixture(scope="module")
def lite0() -> Encoder:
    class Nothing:
        def etag(self, bucket: str, key: str) -> str:
            raise AssertionError("the package's weights are not in S3")

        def get_to_file(self, bucket: str, key: str, path: Path) -> None:
            raise AssertionError("the package's weights are not in S3")

    return open_encoder(ModelSettings(device="cpu", threads=1), Nothing(), batch=4)


def edits(photo: Image.Image) -> list[Image.Image]:
    width, height = photo.size
    return [
        photo.resize((width // 2, height // 2)),
        photo.crop((width // 20, height // 20, width - width // 20, height - height // 20)),
        photo.point([min(255, level + 20) for level in range(256)] * 3),
    ]


def test_an_edited_copy_is_nearer_than_any_other_picture(lite0: Encoder, photos: list[Image.Image]) -> None:
    originals = lite0.encode(np.stack([lite0.prepare(photo) for photo in photos]))
    others = (originals @ originals.T)[~np.eye(len(photos), dtype=bool)]
    for row, photo in enumerate(photos):
        copies = lite0.encode(np.stack([lite0.prepare(copy) for copy in edits(photo)]))
        assert (copies @ originals[row]).min() > others.max()


def test_a_vector_does_not_depend_on_its_neighbours(lite0: Encoder, photos: list[Image.Image]) -> None:
    pixels = np.stack([lite0.prepare(photo) for photo in photos])
    together = lite0.encode(pixels)
    alone = np.concatenate([lite0.encode(picture[None]) for picture in pixels])
    assert (together * alone).sum(axis=1).min() >= 0.9999


def test_the_fingerprint_names_model_weights_and_preprocessing(lite0: Encoder, objects: ObjectStore) -> None:
    fingerprint, preprocess = fingerprint_of(ModelSettings(), objects)
    assert fingerprint == lite0.fingerprint
    assert preprocess == lite0.preprocess
    assert str(fingerprint) == f"efficientnet_lite0/1280/579344248a93/{preprocess}-gem"


def test_other_weights_are_another_fingerprint(tmp_path: Path, objects: ObjectStore) -> None:
    tensors = build(lookup(SMALL), None).state_dict()
    fingerprints = set()
    for name in ("one.pth", "two.pth"):
        tensors["conv_stem.weight"] += 1
        torch.save(tensors, tmp_path / name)
        fingerprints.add(fingerprint_of(ModelSettings(name=SMALL, weights=str(tmp_path / name)), objects)[0])
    fingerprints.add(fingerprint_of(ModelSettings(name=SMALL, weights="random"), objects)[0])
    assert len({fingerprint.collection for fingerprint in fingerprints}) == 3


@pytest.mark.parametrize("settings", [ModelSettings(name=SMALL, weights="random", runtime="torch"), ModelSettings(name="tiny")])
def test_the_encoder_has_the_fingerprint_that_was_foretold(settings: ModelSettings, objects: ObjectStore) -> None:
    encoder = open_encoder(settings, objects)
    assert (encoder.fingerprint, encoder.preprocess) == fingerprint_of(settings, objects)
    encoder.warm_up()
    size = encoder.preprocess.input_size
    assert encoder.encode(np.full((3, size, size, 3), 90, dtype=np.uint8)).shape == (3, encoder.fingerprint.dim)


def test_missing_weights_are_never_replaced_by_random_ones(tmp_path: Path, objects: ObjectStore) -> None:
    for settings in (ModelSettings(name="resnet50"), ModelSettings(weights=str(tmp_path / "gone.pth"))):
        with pytest.raises(WeightsNotFound):
            open_encoder(settings, objects)


def test_an_unknown_model_is_refused(objects: ObjectStore) -> None:
    with pytest.raises(UnknownModel):
        open_encoder(ModelSettings(name="resnet5"), objects)


def test_a_fingerprint_costs_no_import_of_torch() -> None:
    program = (
        "import sys\n"
        "from config.sections import ModelSettings\n"
        "from imagesearch.models.load import fingerprint_of\n"
        "fingerprint_of(ModelSettings(), None)\n"
        "for name in ('efficientnet_lite0', 'resnet50', 'vgg16', 'tiny'):\n"
        "    fingerprint_of(ModelSettings(name=name, weights='random'), None)\n"
        # Neither does a client of S3 that nobody uses cost its driver.
        "from config.sections import S3Settings; from imagesearch.images.s3 import S3; S3(S3Settings()).close()\n"
        "sys.exit(bool({'torch', 'timm', 'boto3'} & sys.modules.keys()))\n"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_threads_wait_asleep_unless_the_environment_says_otherwise(monkeypatch: pytest.MonkeyPatch, objects: ObjectStore) -> None:
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    open_encoder(ModelSettings(name="tiny"), objects)
    assert os.environ["OMP_WAIT_POLICY"] == "PASSIVE"
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    open_encoder(ModelSettings(name="tiny"), objects)
    assert os.environ["OMP_WAIT_POLICY"] == "ACTIVE"


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsNotFound, match=tmp_path.name):
        digest(tmp_path)
