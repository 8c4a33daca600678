"""The comparison of the runtimes on one machine."""

import json

import numpy as np

from benchmarks import runtimes
from benchmarks.eager import EagerBackbone
from benchmarks.runtimes import BATCHES, EAGER, measure, model_of, report
from cli.console import Output
from config.sections import ModelSettings
from imagesearch.models.runtimes.cpu import open_on_cpu
from imagesearch.models.runtimes.reference import least_cosine, pictures


def test_each_runtime_is_measured_with_each_batch_and_held_against_plain_pytorch(model_cache, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(runtimes, "RESULTS", tmp_path / "runtimes.json")
    monkeypatch.setattr(runtimes, "TURNS", 1)
    monkeypatch.setattr(runtimes, "counts", lambda _: [1])
    model = model_of(ModelSettings(name="timm:test_efficientnet", weights="random"))
    eager = EagerBackbone(model, 1).forward(pictures(160))
    assert least_cosine(eager, open_on_cpu("torch", model, model_cache, 1).forward(pictures(160))) > 0.9999
    report(measure(model, model_cache, Output(as_json=False)), Output(as_json=False))
    lines = json.loads((tmp_path / "runtimes.json").read_text())["lines"]
    assert {(line["runtime"], line["batch"]) for line in lines} == {(r, b) for r in (EAGER, "torch", "onnx") for b in BATCHES}
    assert all(np.isfinite(line["pictures_per_s"]) and line["cpu_ms_per_picture"] > 0 for line in lines)
    assert "test_efficientnet" in capsys.readouterr().out
