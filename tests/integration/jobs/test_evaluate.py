"""The evaluation on real stores: pictures in files, SQLite and MariaDB, vectors on Milvus Lite, the model `tiny`."""

import json
import re
from collections import Counter
from dataclasses import replace

import pytest

from cli.commands.evaluate import run
from cli.console import Output
from config.settings import Settings
from imagesearch.edits.catalogue import EDITS
from imagesearch.errors import InputError
from imagesearch.quality.baseline import read
from imagesearch.stores.factory import open_stores
from imagesearch.stores.sql.verdicts import Found
from imagesearch.types import AddRequest
from jobs.evaluate import Wanted, evaluate
from jobs.evaluation import asking
from jobs.evaluation.asking import stage_of
from jobs.evaluation.labels import labelled
from jobs.evaluation.sample import sample
from tests.fixtures.discs import discs

PICTURES = 12


@pytest.fixture(params=["sqlite", "mariadb"])
def settings(request, tmp_path, milvus_lite_uri):
    url = f"sqlite:///{tmp_path}/a.db" if request.param == "sqlite" else request.getfixturevalue("mariadb_database")
    return Settings(
        sql={"url": url},
        milvus={"uri": milvus_lite_uri},
        blobs={"uri": str(tmp_path / "blobs")},
        model={"name": "tiny"},
        sources={"roots": [str(tmp_path)]},
    )


@pytest.fixture
def filled(settings, tmp_path):
    """The paths of twelve pictures of discs, six of a label each."""
    with discs(settings, tmp_path, PICTURES) as paths:
        yield paths


def test_it_measures_writes_and_compares(settings, filled, tmp_path, capsys):
    said = []
    wanted = Wanted(sample=8, label="kind", html=tmp_path / "a.html", figures=tmp_path / "a.json")
    found, fallen = evaluate(settings, wanted, lambda *done: said.append(done))
    assert (fallen, said[-1], len(said)) == ([], (8, 8), 8)
    figures = found.figures
    assert len([name for name in figures if "recall@1, " in name]) == 60
    # A copy that looks as the picture does is found; one of which little is left often is not.
    assert figures["embedding: recall@1, jpeg 75"].value == 1.0
    assert figures["embedding: recall@1, jpeg 75"].count == 8
    assert figures["embedding: recall@10"].value >= figures["embedding: recall@1"].value > 0.3
    assert all(one.low <= one.value <= one.high for one in figures.values())
    assert 0 < figures["label kind: precision@10"].value <= 1
    assert figures["index: recall@10"].value == found.index[0].recall.value
    assert found.thresholds["embedding"].false_rate <= 0.01
    page = (tmp_path / "a.html").read_text()
    assert page.count("data:image/webp") > 2 and "<script" not in page
    assert not re.search(r'(?:src|href)="(?!data:)', page)
    assert read(tmp_path / "a.json") == figures

    again, _ = evaluate(settings, Wanted(sample=8, label="kind"), lambda *_: None)
    assert {name: one for name, one in again.figures.items() if "index" not in name} == {
        name: one for name, one in figures.items() if "index" not in name
    }
    kept = json.loads((tmp_path / "a.json").read_text())
    kept["figures"]["embedding: recall@1, jpeg 75"] = {"value": 1.0, "low": 1.0, "high": 1.0, "count": 8}
    kept["figures"]["embedding: recall@1"] = {"value": 1.0, "low": 0.999, "high": 1.0, "count": 8}
    (tmp_path / "b.json").write_text(json.dumps(kept))
    capsys.readouterr()
    worse = Wanted(sample=8, label="kind", baseline=tmp_path / "b.json", html=tmp_path / "b.html")
    assert run(settings, Output(as_json=True), worse) == 1
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["fall"] for line in lines if "fall" in line] == ["embedding: recall@1"]
    assert "Worse than the baseline" in (tmp_path / "b.html").read_text()
    assert run(settings, Output(as_json=False), Wanted(sample=8, label="kind", baseline=tmp_path / "a.json")) == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in EDITS)


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_the_search_with_verify_is_asked_too(settings, filled):
    found, _ = evaluate(settings, Wanted(sample=3, verified=True), lambda *_: None)
    figures = found.figures
    assert len([name for name in figures if name.startswith("verified: recall@1, ")]) == 60
    assert figures["verified: recall@1"].value >= figures["embedding: recall@1"].value
    # Turned by a quarter or within a border a picture is known by its looks, where the model is led astray.
    turned = ("rotate 90", "border 0.25", "pad 0.15", "pad 0.3")
    by_model, by_looks = (sum(figures[f"{way}: recall@1, {edit}"].value for edit in turned) for way in ("embedding", "verified"))
    assert by_looks > by_model
    assert figures["verified: recall@1, jpeg 75"].value == 1.0
    # A verified hit's score is a probability.
    assert all(0 <= one.score <= 1 for one in found.answers if one.method == "verified" and one.score is not None)
    assert set(found.thresholds) == {"embedding", "verified"}


def test_a_picture_whose_file_is_gone_is_counted_and_left_out(settings, filled):
    filled[0].unlink()
    filled[1].write_bytes(filled[2].read_bytes())
    found, _ = evaluate(settings, Wanted(sample=100), lambda *_: None)
    assert found.unread == {"source_not_found": 2}
    assert found.about["pictures"] == PICTURES - 2


def test_what_cannot_be_measured_is_said(settings, filled, tmp_path):
    with pytest.raises(InputError, match="no pictures"):
        evaluate(settings, Wanted(namespace="empty"), print)
    with pytest.raises(InputError, match="actors"):
        evaluate(settings, Wanted(verified=True, actors=1), print)
    with pytest.raises(InputError, match="folder"):
        evaluate(settings, Wanted(html=tmp_path / "no" / "a.html"), print)
    with pytest.raises(InputError, match="baseline"):
        evaluate(settings, Wanted(baseline=filled[0]), print)


def test_labels_are_told_apart_as_filters_do(settings, filled):
    stores = open_stores(settings)
    entries = sample(stores, "default", PICTURES, 0)
    said = [{"mark": 1, "word": "one"}, {"mark": True, "word": "true"}, {"mark": 1.0, "word": "one"}]
    rows = stores.add_log.append([AddRequest("/again.png", said[n % 3]) for n in range(PICTURES)])
    stores.ledger.commit([Found(row, one.milvus_id, True) for row, one in zip(rows, entries, strict=True)], [], 5)
    entries = sample(stores, "default", PICTURES, 0)
    marks, words = ([one.value for one in labelled(stores, entries, key).values()] for key in ("mark", "word"))
    assert marks == words != []
    stores.close()


@pytest.fixture
def shared(settings, ray_settings):
    """The settings of a process that finds the tests' node."""
    ray = settings.ray.model_copy(update={"address": ray_settings.ray.address})
    return settings.model_copy(update={"ray": ray, "load": settings.load.model_copy(update={"embed_cpus": 0.1})})


@pytest.mark.parametrize("settings", ["mariadb"], indirect=True)
def test_actors_of_the_cluster_find_the_same(settings, filled, shared):
    alone, _ = evaluate(settings, Wanted(sample=4), lambda *_: None)
    together, _ = evaluate(shared, Wanted(sample=4, actors=2), lambda *_: None)
    assert together.answers == alone.answers


@pytest.mark.parametrize("settings", ["mariadb"], indirect=True)
def test_a_picture_that_ends_its_actors_is_left_out_and_all_others_are_asked_about(settings, filled, shared, monkeypatch):
    (deadly,) = [one for one in everything(settings) if one.sources[0].image_path.endswith("/3.png")]
    alone, _ = evaluate(settings, Wanted(sample=PICTURES), lambda *_: None)
    worker = ("tests.fixtures.stage_worker", "DeadlyAsker", "ask")
    monkeypatch.setattr(asking, "stage_of", lambda *args: replace(stage_of(*args), worker=worker))
    together, _ = evaluate(shared, Wanted(sample=PICTURES, actors=2), lambda *_: None)
    assert together.unread == {"embedding_failed": 1}
    assert together.answers == [one for one in alone.answers if one.milvus_id != deadly.milvus_id]


def everything(settings):
    stores = open_stores(settings)
    try:
        return sample(stores, "default", PICTURES, 0)
    finally:
        stores.close()


def test_a_sample_is_drawn_by_chance_and_is_a_part_of_a_larger_one(settings, filled):
    stores = open_stores(settings)
    few, others, more = ([one.milvus_id for one in sample(stores, "default", *how)] for how in ((5, 0), (5, 1), (9, 0)))
    assert len(set(few)) == 5
    assert few != others
    assert set(few) < set(more)
    assert len(sample(stores, "default", 1000, 0)) == PICTURES
    assert sample(stores, "nowhere", 5, 0) == []
    # Each picture is drawn about as often as any other: of 60 samples of 3 in 12 it is in 15.
    drawn = Counter(one.milvus_id for seed in range(60) for one in sample(stores, "default", 3, seed))
    assert len(drawn) == PICTURES
    assert max(drawn.values()) < 30
    stores.close()
