from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from pathlib import Path

import pytest

from config.sections import ModelSettings
from imagesearch.errors import WeightsNotFound
from imagesearch.models.registry import lookup
from imagesearch.models.weights import ObjectStore, digest, locate

LITE0 = lookup("efficientnet_lite0")


def test_the_package_carries_the_default_weights(objects: ObjectStore) -> None:
    path = locate(LITE0, ModelSettings(), objects)
    assert path is not None
    assert path.name == "efficientnet-lite0-57934424.pth"
    assert digest(path).startswith("57934424")


@pytest.mark.parametrize("name", ["resnet50", "vgg16"])
def test_a_model_without_a_package_says_what_to_set(name: str, objects: ObjectStore) -> None:
    with pytest.raises(WeightsNotFound, match=r"set model\.weights to download, a file or s3://bucket/key"):
        locate(lookup(name), ModelSettings(name=name), objects)


def test_a_package_that_is_not_installed_is_named(objects: ObjectStore) -> None:
    with pytest.raises(WeightsNotFound, match="no_such_weights_package"):
        locate(replace(LITE0, package="no_such_weights_package"), ModelSettings(), objects)


def test_a_file_is_taken_where_it_lies(tmp_path: Path, objects: ObjectStore) -> None:
    file = tmp_path / "w.pth"
    file.write_bytes(b"weights")
    assert locate(LITE0, ModelSettings(weights=str(file)), objects) == file
    assert digest(file) == hashlib.sha256(b"weights").hexdigest()


def test_a_missing_file_is_named(tmp_path: Path, objects: ObjectStore) -> None:
    with pytest.raises(WeightsNotFound, match=r"gone\.pth"):
        locate(LITE0, ModelSettings(weights=str(tmp_path / "gone.pth")), objects)


def test_a_folder_is_no_weights_file(tmp_path: Path, objects: ObjectStore) -> None:
    with pytest.raises(WeightsNotFound, match="is no file"):
        locate(LITE0, ModelSettings(weights=str(tmp_path)), objects)


def test_random_weights_are_taken_only_when_asked_for(objects: ObjectStore) -> None:
    assert locate(LITE0, ModelSettings(weights="random"), objects) is None
    assert digest(None) == "random"


def test_tiny_has_no_weights_and_takes_none(objects: ObjectStore) -> None:
    assert locate(lookup("tiny"), ModelSettings(name="tiny"), objects) is None
    with pytest.raises(WeightsNotFound, match="has no weights"):
        locate(lookup("tiny"), ModelSettings(name="tiny", weights="w.pth"), objects)


def test_an_object_is_fetched_once_and_again_when_it_changes(tmp_path: Path, objects: ObjectStore) -> None:
    source = tmp_path / "objects" / "models" / "a" / "w.pth"
    source.parent.mkdir(parents=True)
    source.write_bytes(b"one")
    os.utime(source, ns=(1, 1))
    settings = ModelSettings(weights="s3://models/a/w.pth", weights_dir=tmp_path / "kept")
    first = locate(LITE0, settings, objects)
    assert first is not None
    assert first.read_bytes() == b"one"

    source.write_bytes(b"not fetched")
    os.utime(source, ns=(1, 1))
    assert locate(LITE0, settings, objects) == first
    assert first.read_bytes() == b"one"

    os.utime(source, ns=(2, 2))
    second = locate(LITE0, settings, objects)
    assert second is not None
    assert second != first
    assert second.read_bytes() == b"not fetched"
    assert sorted(path.name for path in (tmp_path / "kept").iterdir()) == sorted([first.name, second.name])


def test_the_same_key_in_another_bucket_is_another_file(tmp_path: Path, objects: ObjectStore) -> None:
    found = []
    for bucket in ("one", "two"):
        source = tmp_path / "objects" / bucket / "w.pth"
        source.parent.mkdir(parents=True)
        source.write_text(bucket)
        os.utime(source, ns=(1, 1))
        path = locate(LITE0, ModelSettings(weights=f"s3://{bucket}/w.pth", weights_dir=tmp_path / "kept"), objects)
        assert path is not None
        found.append(path.read_text())
    assert found == ["one", "two"]


@pytest.mark.parametrize("uri", ["s3://models/gone.pth", "s3://models", "s3:///key"])
def test_an_object_that_is_not_there_is_named(uri: str, tmp_path: Path, objects: ObjectStore) -> None:
    with pytest.raises(WeightsNotFound) as caught:
        locate(LITE0, ModelSettings(weights=uri, weights_dir=tmp_path / "kept"), objects)
    assert uri in caught.value.detail


def test_a_file_that_was_downloaded_before_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, objects: ObjectStore) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    kept = tmp_path / "hub" / "checkpoints" / "resnet50-11ad3fa6.pth"
    kept.parent.mkdir(parents=True)
    kept.touch()
    assert locate(lookup("resnet50"), ModelSettings(name="resnet50", weights="download"), objects) == kept


def test_a_download_that_fails_names_the_address_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, objects: ObjectStore
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    spec = replace(lookup("resnet50"), url="http://127.0.0.1:9/resnet50-11ad3fa6.pth")
    with pytest.raises(WeightsNotFound, match=r"http://127\.0\.0\.1:9/resnet50-11ad3fa6\.pth"):
        locate(spec, ModelSettings(name="resnet50", weights="download"), objects)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_download_that_is_not_what_was_published_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, objects: ObjectStore
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "cache"))
    published = tmp_path / "resnet50-11ad3fa6.pth"
    published.write_bytes(b"something else")
    with pytest.raises(WeightsNotFound, match="hash"):
        locate(replace(lookup("resnet50"), url=published.as_uri()), ModelSettings(name="resnet50", weights="download"), objects)
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
