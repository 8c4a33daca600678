"""The URIs of S3 are taken literally, and those that could mean two things are refused."""

from __future__ import annotations

import pytest

from config.sections import S3Settings
from imagesearch.errors import ConfigError, SourceInvalid
from imagesearch.images.s3 import S3, split_uri


@pytest.mark.parametrize(
    ("uri", "parts"),
    [
        ("s3://bucket/key.jpg", ("bucket", "key.jpg")),
        ("S3://bucket/a/b%20c?d#e.jpg", ("bucket", "a/b%20c?d#e.jpg")),
        ("s3://my.old_Bucket/ключ.jpg", ("my.old_Bucket", "ключ.jpg")),
        ("s3://bucket", ("bucket", "")),
        ("s3://bucket//key", ("bucket", "/key")),
    ],
)
def test_a_uri_has_a_bucket_and_a_literal_key(uri, parts):
    assert split_uri(uri) == parts


@pytest.mark.parametrize(
    "uri",
    [
        "bucket/key",
        "s3:/bucket/key",
        "s3:///key",
        "s3://b/key",
        "s3://user@bucket/key",
        "s3://bucket:9000/key",
        "s3://../key",
        "s3://bucket/a/../../other/key",
        "s3://bucket/./key",
        "s3://bucket/a\nb",
        "s3://bucket/\ud800",
        "s3://bucket/" + "k" * 1025,
        "https://bucket/key",
    ],
)
def test_what_is_not_a_bucket_and_a_key_is_invalid(uri):
    with pytest.raises(SourceInvalid):
        split_uri(uri)


def test_an_endpoint_that_is_not_a_url_is_a_wrong_setting():
    with pytest.raises(ConfigError, match="endpoint_url"):
        S3(S3Settings(endpoint_url="not a url")).ping("bucket")
