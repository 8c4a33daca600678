"""The comparison of coarse and full decodes."""

import json

import pytest

from benchmarks import draft
from benchmarks.draft import FACTORS, Tally, measure, prepared, report
from benchmarks.photographs import jpeg, photographs
from cli.console import Output
from config.sections import ModelSettings
from imagesearch.models.load import open_encoder


@pytest.fixture
def encoder():
    return open_encoder(ModelSettings(name="tiny"), None)


def test_a_coarse_decode_is_smaller_and_shows_the_same(encoder):
    data = jpeg(photographs()["rocket.jpg"], 90)
    whole, _, full = prepared(encoder, data, None)
    coarse, _, reduced = prepared(encoder, data, 64)
    assert full == (640, 427)
    assert reduced == (160, 107)
    assert abs(whole.astype(int) - coarse).mean() < 3


def test_figures_are_written_for_each_size_and_factor_and_the_one_in_force_has_a_goal(encoder, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(draft, "RESULTS", tmp_path / "draft.json")
    monkeypatch.setattr(draft, "photographs", lambda: {"rocket.jpg": photographs()["rocket.jpg"]})
    size = (500, 400)
    tallies = {(size, factor): Tally() for factor in FACTORS}
    noise = []
    measure(encoder, size, tallies, noise)
    report(tallies, noise, "tiny", Output(as_json=False))
    written = json.loads((tmp_path / "draft.json").read_text())
    assert written["pictures"] == len(noise) == 4
    assert [line["goal"] for line in written["lines"]] == [None, 0.99, None]
    assert all(0.99 < line["value"] <= 1.001 for line in written["lines"])
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["lines"] == written["lines"]
