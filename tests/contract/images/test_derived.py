"""A folder and an S3 prefix keep the same promises about what was made of pictures."""

import pytest

from config.sections import BlobSettings
from imagesearch.errors import StoreUnavailable
from imagesearch.images.blobs import open_blobs
from imagesearch.images.derived import open_derived
from imagesearch.images.hashes import content_hash
from imagesearch.images.kept_features import PLACE, KeptFeatures
from imagesearch.images.s3 import S3

NAME, OTHER = f"{PLACE}/default/ab/abcd", f"{PLACE}/b.c/ab/abcd"
DATA = b"some bytes"


@pytest.fixture(params=["folder", "s3", "a whole bucket"])
def settings(request, tmp_path):
    if request.param == "folder":
        return BlobSettings(uri=str(tmp_path / "blobs"))
    prefix = "" if request.param == "a whole bucket" else "/uploads"
    return BlobSettings(uri=f"s3://{request.getfixturevalue('s3_bucket')}{prefix}")


@pytest.fixture
def derived(settings, s3_client):
    return open_derived(settings, s3_client)


def test_what_is_put_is_there_until_it_is_deleted(derived):
    assert (derived.get(NAME, 100), derived.has(NAME)) == (None, False)
    derived.put(NAME, DATA)
    derived.put(OTHER, DATA * 2)
    assert (derived.get(NAME, 100), derived.has(NAME)) == (DATA, True)
    derived.delete(NAME)
    derived.delete(NAME)
    assert (derived.get(NAME, 100), derived.has(NAME)) == (None, False)
    assert derived.get(OTHER, 100) == DATA * 2


def test_putting_again_replaces(derived):
    for data in (DATA, b"x", DATA * 3):
        derived.put(NAME, data)
        assert derived.get(NAME, 100) == data


def test_no_more_is_read_than_was_allowed(derived):
    derived.put(NAME, DATA)
    assert derived.get(NAME, len(DATA)) == DATA
    assert derived.get(NAME, len(DATA) - 1) is None


def test_names_are_those_below_the_prefix(derived, settings, s3_client):
    assert list(derived.names(PLACE)) == []
    open_blobs(settings, s3_client).put(DATA, content_hash(DATA))
    for name in (NAME, OTHER, f"{PLACE}0/default/ab/abcd"):
        derived.put(name, DATA)
    assert sorted(derived.names(PLACE)) == sorted([NAME, OTHER])


def test_a_place_that_does_not_answer_is_an_unavailable_store(tmp_path, s3_server):
    (tmp_path / "file").touch()
    nowhere = S3(s3_server.model_copy(update={"endpoint_url": "http://127.0.0.1:9", "timeout_s": 2}))
    places = [
        open_derived(BlobSettings(uri=str(tmp_path / "file" / "blobs")), nowhere),
        open_derived(BlobSettings(uri="s3://bucket/uploads"), nowhere),
    ]
    for place in places:
        for attempt in (
            lambda place=place: place.put(NAME, DATA),
            lambda place=place: place.get(NAME, 100),
            lambda place=place: place.has(NAME),
            lambda place=place: place.delete(NAME),
            lambda place=place: list(place.names(PLACE)),
        ):
            with pytest.raises(StoreUnavailable) as caught:
                attempt()
            assert caught.value.data == {"store": "blobs"}
    nowhere.close()


def test_only_names_of_features_are_taken_for_features(derived):
    kept = KeptFeatures(derived)
    for name in (NAME, OTHER, f"{PLACE}/default/xy/abcd", f"{PLACE}/stray", f"{PLACE}/default/ab/cd/abcd"):
        derived.put(name, DATA)
    assert sorted(kept.all()) == [("b.c", "abcd"), ("default", "abcd")]
    # Bytes that are no features are none, though something is there.
    assert (kept.get("default", "abcd"), kept.has("default", "abcd")) == (None, True)
