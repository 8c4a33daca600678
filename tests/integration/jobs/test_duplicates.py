"""Duplicates on real stores: SQLite with Milvus Lite, MariaDB with Milvus 2.3.5; pictures in files, the model `tiny`."""

import csv
import io
import json
import logging
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from cli.commands.duplicates import run
from cli.console import Output
from config.settings import PROJECT_ROOT
from imagesearch.errors import InputError
from imagesearch.join import Join, load_join
from imagesearch.join import written as written_as_json
from imagesearch.types import AddRequest, LearnedJoin
from jobs.duplicates import Wanted, duplicates
from jobs.duplication import looking
from tests.fixtures.audited import emptied, run_stages, settings_on

PATIENCE_S = 120


@pytest.fixture(params=["embedded", "servers"])
def settings(request, tmp_path):
    return settings_on(request, tmp_path)


@pytest.fixture
def stores(settings):
    with emptied(settings) as stores:
        yield stores


def scene(number, size=(320, 240)):
    """A picture of discs and lines, like no other's."""
    chance = np.random.default_rng(number)
    picture = Image.new("RGB", size, tuple(int(one) for one in chance.integers(0, 256, 3)))
    draw = ImageDraw.Draw(picture)
    for _ in range(40):
        x, y, r = (int(one) for one in chance.integers(0, size[0], 3) * (1, 1, 0.2))
        draw.ellipse((x - r, y - r, x + r, y + r), fill=tuple(int(one) for one in chance.integers(0, 256, 3)))
    return picture


def written(picture, kind="PNG", **options):
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def add(settings, stores, folder, files):
    """Write files and load them; the ids by name."""
    for name, data in files.items():
        (folder / name).write_bytes(data)
    rows = stores.add_log.append([AddRequest(str(folder / name)) for name in files])
    run_stages(settings, stores)
    return {name: stores.add_log.get(row.log_id).milvus_id for name, row in zip(files, rows, strict=True)}


def found(settings, **wanted):
    """The clusters as sets of names, the first of each what is kept; and the totals."""
    clusters = []
    totals = duplicates(settings, Wanted(**wanted), lambda *_: None, lambda _, cluster: clusters.append(list(cluster.lines())))
    names = [[Path(line["image_path"]).name for line in lines] for lines in clusters]
    assert all([line["keep"] for line in lines] == [True] + [False] * (len(lines) - 1) for lines in clusters)
    return sorted((first, set(rest)) for first, *rest in names), totals


def copies():
    """Twelve pictures, five files that are copies of two of them, and one more place of a third."""
    files = {f"{number}.png": written(scene(number)) for number in range(12)}
    half = scene(3).resize((160, 120), Image.Resampling.LANCZOS)
    files |= {"3 half.png": written(half), "3.jpg": written(scene(3), "JPEG", quality=70)}
    files |= {"3 half.jpg": written(half, "JPEG", quality=80), "7.webp": written(scene(7), "WEBP", quality=80)}
    files |= {"7 large.png": written(scene(7).resize((640, 480), Image.Resampling.LANCZOS))}
    return files | {"9 again.png": files["9.png"]}


def test_copies_are_found_and_the_largest_and_oldest_is_kept(settings, stores, tmp_path, capsys):
    add(settings, stores, tmp_path, copies())
    clusters, totals = found(settings, export=tmp_path / "a.csv")
    assert clusters == [
        ("3.png", {"3.jpg", "3 half.png", "3 half.jpg"}),
        ("7 large.png", {"7.png", "7.webp"}),
        ("9.png", {"9 again.png"}),
    ]
    assert (totals.pictures, totals.clusters, totals.copies, totals.unread) == (17, 3, 5, 0)
    gone = ["3.jpg", "3 half.png", "3 half.jpg", "7.png", "7.webp", "9 again.png"]
    assert totals.spare_bytes == sum((tmp_path / name).stat().st_size for name in gone)
    with (tmp_path / "a.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    kept = [(line["cluster"], Path(line["image_path"]).name) for line in lines if line["keep"] == "yes"]
    assert [cluster for cluster, _ in kept] == ["1", "2", "3"]
    assert {name for _, name in kept} == {"3.png", "7 large.png", "9.png"}
    assert len(lines) == 9

    # The command says the same, without looking again.
    assert run(settings, Output(as_json=True), Wanted(last=True)) == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert sorted(len(line["pictures"]) for line in told[:-1]) == [2, 3, 4]
    assert told[-1]["copies"] == 5
    assert run(settings, Output(as_json=False), Wanted(last=True)) == 0
    shown = capsys.readouterr()
    assert shown.out.count("keep") == 4
    assert "3 clusters among 17 pictures: 5 copies" in shown.err


def test_a_picture_with_more_copies_than_neighbours_is_one_cluster(settings, stores, tmp_path):
    files = {f"{number}.png": written(scene(number)) for number in range(3)}
    files |= {f"1 {quality}.jpg": written(scene(1), "JPEG", quality=quality) for quality in range(60, 84, 2)}
    add(settings, stores, tmp_path, files)
    clusters, _ = found(settings, neighbours=2)
    assert clusters == [("1.png", {name for name in files if name.endswith("jpg")})]


def test_what_was_deleted_or_cannot_be_read_is_in_no_cluster(settings, stores, tmp_path):
    ids = add(settings, stores, tmp_path, copies())
    (tmp_path / "7.webp").unlink()
    _, totals = found(settings)
    stores.changes.delete(ids["3.png"])
    stores.index.delete([ids["3.png"]])
    clusters, after = found(settings, last=True)
    assert clusters == [("3.jpg", {"3 half.png", "3 half.jpg"}), ("7 large.png", {"7.png"}), ("9.png", {"9 again.png"})]
    assert totals.unread == after.unread == 1


def test_namespaces_never_meet(settings, stores, tmp_path):
    add(settings, stores, tmp_path, {"a.png": written(scene(1))})
    (tmp_path / "b.jpg").write_bytes(written(scene(1), "JPEG", quality=70))
    stores.add_log.append([AddRequest(str(tmp_path / "b.jpg"), {}, "other")])
    run_stages(settings, stores)
    assert found(settings)[0] == found(settings, namespace="other")[0] == []


def test_pairs_are_judged_by_the_join_that_searches_go_by(settings, stores, tmp_path):
    ids = add(settings, stores, tmp_path, copies())
    assert len(found(settings)[0]) == 3
    # Whatever is seen, it calls it the same scene; what was looked for before is looked for anew.
    told = Join(np.zeros_like(load_join().weights), np.array([0.0, 0.0, 9.0, 0.0]))
    now = stores.catalog.get(ids["3.png"]).create_time
    stores.joins.add(stores.fingerprint.collection, LearnedJoin(written_as_json(told), 1, 1.0, now))
    assert found(settings)[0] == [("9.png", {"9 again.png"})]


def test_what_cannot_be_done_is_said(settings, stores, tmp_path):
    with pytest.raises(InputError, match="nobody has looked"):
        found(settings, last=True)
    with pytest.raises(InputError, match="folder"):
        found(settings, export=tmp_path / "no" / "a.csv")
    assert found(settings) == ([], found(settings)[1])


@pytest.fixture
def by_actors(settings, ray_settings, monkeypatch):
    """A function that looks by two actors, which are of the given kind."""

    def look(kind):
        usual = looking.stage_of
        worker = ("tests.fixtures.stage_worker", kind, "look")
        monkeypatch.setattr(looking, "stage_of", lambda *how: replace(usual(*how), worker=worker))
        ray = settings.ray.model_copy(update={"address": ray_settings.ray.address})
        load = settings.load.model_copy(update={"embed_cpus": 0.1})
        return found(settings.model_copy(update={"ray": ray, "load": load}), actors=2)

    return look


@pytest.mark.parametrize("settings", ["servers"], indirect=True)
def test_actors_of_the_cluster_find_the_same_also_where_one_dies(settings, stores, tmp_path, by_actors):
    add(settings, stores, tmp_path, copies())
    alone = found(settings)
    assert by_actors("DyingLooker") == alone
    assert (tmp_path / "blobs" / "died").exists()


@pytest.mark.parametrize("settings", ["servers"], indirect=True)
def test_a_picture_by_which_actors_end_is_left_out_and_the_others_of_its_page_are_not(settings, stores, tmp_path, by_actors):
    ids = add(settings, stores, tmp_path, copies())
    clusters, totals = found(settings)
    (tmp_path / "blobs").mkdir(exist_ok=True)
    (tmp_path / "blobs" / "deadly").write_text(str(ids["2.png"]))
    assert by_actors("DeadlyLooker") == (clusters, replace(totals, unread=1))


@pytest.mark.timeout(400)
def test_a_run_that_is_killed_goes_on_and_finds_the_same(settings, stores, tmp_path, caplog):
    files = {f"{number}.png": written(scene(number, (160, 120))) for number in range(150)}
    files |= {f"{number}.jpg": written(scene(number, (160, 120)), "JPEG", quality=70) for number in range(0, 150, 3)}
    add(settings, stores, tmp_path, files)
    process = started(settings, tmp_path)
    search = None
    try:
        end = time.monotonic() + PATIENCE_S
        while search is None or not search.looked:
            assert process.poll() is None and time.monotonic() < end, (tmp_path / "log").read_text()
            time.sleep(0.01)
            search = stores.duplicates.last("default", stores.fingerprint.collection)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    before = stores.duplicates.last("default", stores.fingerprint.collection)
    assert 0 < before.looked < len(files) and before.end_time is None
    pairs = [one for page in stores.duplicates.pairs(before.search_id, 0.5) for one in page]
    assert pairs

    with caplog.at_level(logging.INFO):
        clusters, totals = found(settings)
    assert f"going on after {before.looked} pictures" in caplog.text
    after = stores.duplicates.last("default", stores.fingerprint.collection)
    assert after.search_id == before.search_id and after.end_time is not None
    assert clusters == sorted((f"{number}.png", {f"{number}.jpg"}) for number in range(0, 150, 3))
    assert totals.pictures == len(files)
    # What one run without a break finds.
    assert found(settings) == (clusters, totals)


def started(settings, folder):
    """The job as a process of its own."""
    profile = folder / "profile.yaml"
    profile.write_text(
        f"sql: {{url: '{settings.sql.url.get_secret_value()}'}}\n"
        f"milvus: {{uri: '{settings.milvus.uri}'}}\n"
        f"blobs: {{uri: '{settings.blobs.uri}'}}\n"
        f"sources: {{roots: ['{folder}']}}\nmodel: {{name: tiny}}\n"
    )
    kept = {name: value for name, value in os.environ.items() if not name.startswith("IMAGESEARCH_")}
    env = kept | {"IMAGESEARCH_PROFILE": str(profile), "IMAGESEARCH_HOME": str(folder / "home")}
    with (folder / "log").open("wb") as log:
        command = [sys.executable, "-m", "jobs.duplicates"]
        return subprocess.Popen(command, cwd=PROJECT_ROOT, env=env, stdout=subprocess.DEVNULL, stderr=log)
