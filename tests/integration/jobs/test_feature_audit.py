"""Loads keep the features of each picture, and the audit finds and mends what is missing or left over; on both kinds of stores."""

import pytest

from config.sections import BlobSettings
from imagesearch.images.decode import decode
from imagesearch.images.features import SIDE, features_of
from jobs.audit import audit
from tests.fixtures import audited
from tests.fixtures.audited import emptied, lines, run_stages, settings_on
from tests.unit.images.test_feature_bytes import same


@pytest.fixture(params=["embedded", "servers"])
def settings(request, tmp_path):
    """SQLite, Milvus Lite and a folder, or MariaDB, Milvus and S3."""
    settings = settings_on(request, tmp_path)
    blobs, s3 = settings.blobs, settings.s3
    if request.param == "servers":
        blobs = BlobSettings(uri=f"s3://{request.getfixturevalue('s3_bucket')}/uploads")
        s3 = request.getfixturevalue("s3_server")
    verify = settings.verify.model_copy(update={"keep_features": True})
    return settings.model_copy(update={"blobs": blobs, "s3": s3, "verify": verify})


@pytest.fixture
def stores(settings):
    with emptied(settings) as stores:
        yield stores


def load(settings, stores, tmp_path, count):
    assert audited.load(settings, stores, tmp_path, count).loaded == count
    # In the order of their files: ids are given by content.
    return sorted(stores.catalog.page("default", 0, 100), key=lambda entry: entry.sources[0].image_path)


def kept(stores, entry):
    return stores.features.get(entry.namespace, entry.facts.content_hash)


def test_a_load_keeps_what_would_be_made_on_demand(settings, stores, tmp_path, capsys):
    entries = load(settings, stores, tmp_path, 4)
    assert len(set(stores.features.all())) == 4
    for entry in entries:
        data = stores.sources.read(entry.sources[0].image_path)
        made = features_of(decode(data, settings.images, max(SIDE, stores.preprocess.at_least)).rgb)
        assert same(kept(stores, entry), made)
    assert audit(settings)["left"] == 0
    nothing = dict.fromkeys(["missing", "doubled", "orphan", "loading_orphan", "features_missing", "features_orphan", "left"], 0)
    assert lines(capsys) == [{"pictures": 4, "vectors": 4, **nothing}]


def test_pictures_from_before_the_setting_are_made_anew_from_their_bytes(settings, stores, tmp_path, capsys, monkeypatch):
    before = settings.model_copy(update={"verify": settings.verify.model_copy(update={"keep_features": False})})
    entries = load(before, stores, tmp_path, 5)
    assert list(stores.features.all()) == []
    assert audit(before)["left"] == 0
    # Nothing is embedded again; more than one page of differences.
    monkeypatch.setattr("jobs.audit.reload", lambda settings: pytest.fail("loaded again"))
    monkeypatch.setattr("jobs.feature_audit.PAGE", 2)
    assert audit(settings)["left"] == 5
    capsys.readouterr()
    assert audit(settings, mend=True)["left"] == 0
    said = lines(capsys)
    assert [(one["kind"], one["milvus_id"], one["repaired"]) for one in said[:-1]] == [
        ("features_missing", one, "made its features anew") for one in sorted(entry.milvus_id for entry in entries)
    ]
    assert all(kept(stores, entry) is not None for entry in entries)
    assert audit(settings)["left"] == 0


def test_a_picture_that_is_gone_stays_a_difference(settings, stores, tmp_path, capsys):
    first, second = load(settings, stores, tmp_path, 2)
    for entry in (first, second):
        stores.features.delete(entry.namespace, entry.facts.content_hash)
    (tmp_path / "0.png").unlink()
    assert audit(settings, mend=True)["left"] == 1
    assert "cannot be read" in next(one["repaired"] for one in lines(capsys) if one.get("milvus_id") == first.milvus_id)
    assert kept(stores, second) is not None


def test_features_without_their_picture_are_deleted(settings, stores, tmp_path, capsys):
    first, second = load(settings, stores, tmp_path, 2)
    features = kept(stores, first)
    stores.features.put("elsewhere", "0" * 64, features)
    # A deletion that broke off between SQL and the rest.
    stores.changes.delete(second.milvus_id)
    assert audit(settings, mend=True)["left"] == 0
    said = {one["content_hash"]: one for one in lines(capsys) if one.get("kind") == "features_orphan"}
    assert said.keys() == {"0" * 64, second.facts.content_hash}
    assert {one["repaired"] for one in said.values()} == {"deleted the features"}
    assert list(stores.features.all()) == [("default", first.facts.content_hash)]


def test_a_deletion_takes_them_along_and_a_new_load_brings_them_back(settings, stores, tmp_path):
    first, second = load(settings, stores, tmp_path, 2)
    stores.changes.delete(first.milvus_id)
    assert stores.purge(first.milvus_id)
    assert list(stores.features.all()) == [("default", second.facts.content_hash)]
    assert audited.load(settings, stores, tmp_path, 1).loaded == 1
    # The features are of the picture that came back, and a purge that comes too late leaves them.
    assert not stores.purge(first.milvus_id)
    assert kept(stores, first) is not None
    assert audit(settings)["left"] == 0


def test_known_pictures_cost_no_second_look(settings, stores, tmp_path):
    (entry,) = load(settings, stores, tmp_path, 1)
    stores.features.delete(entry.namespace, entry.facts.content_hash)
    assert audited.load(settings, stores, tmp_path, 1).duplicate == 1
    assert kept(stores, entry) is None


def test_a_vector_that_is_missing_brings_the_features_too(settings, stores, tmp_path, monkeypatch):
    entry, _ = load(settings, stores, tmp_path, 2)
    stores.index.delete([entry.milvus_id])
    stores.features.delete(entry.namespace, entry.facts.content_hash)
    monkeypatch.setattr("jobs.audit.reload", lambda settings: run_stages(settings, stores))
    assert audit(settings, mend=True)["left"] == 0
    assert kept(stores, entry) is not None
