"""Weights that lie in a bucket."""

import pytest

from config.sections import ModelSettings
from imagesearch.errors import WeightsNotFound
from imagesearch.models.registry import lookup
from imagesearch.models.weights import digest, locate


def settings(uri, tmp_path):
    return ModelSettings(name="resnet50", weights=uri, weights_dir=tmp_path)


def test_weights_are_fetched_once_and_again_when_the_object_changes(s3_client, s3_bucket, tmp_path):
    uri = f"s3://{s3_bucket}/models/a.pth"
    s3_client.put(s3_bucket, "models/a.pth", b"one" * 1000)
    first = locate(lookup("resnet50"), settings(uri, tmp_path), s3_client)
    assert first.read_bytes() == b"one" * 1000
    assert locate(lookup("resnet50"), settings(uri, tmp_path), s3_client) == first
    s3_client.put(s3_bucket, "models/a.pth", b"two" * 1000)
    second = locate(lookup("resnet50"), settings(uri, tmp_path), s3_client)
    assert second.read_bytes() == b"two" * 1000
    assert digest(first) != digest(second)


def test_weights_that_are_not_there_are_named(s3_client, s3_bucket, tmp_path):
    uri = f"s3://{s3_bucket}/none.pth"
    with pytest.raises(WeightsNotFound, match=uri):
        locate(lookup("resnet50"), settings(uri, tmp_path), s3_client)
    assert list(tmp_path.rglob("*.pth")) == []
