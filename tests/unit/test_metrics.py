"""The metrics, the dashboard that shows them, and the page that explains them name the same things."""

import json
import re
from pathlib import Path

from imagesearch.metrics import METRICS, Kind
from telemetry.ray_meter import RayMeter

ROOT = Path(__file__).resolve().parents[2]
SUFFIXES = {Kind.COUNTER: "_total", Kind.GAUGE: "", Kind.HISTOGRAM: "_bucket"}


def test_the_dashboard_shows_every_metric_and_no_other():
    dashboard = json.loads((ROOT / "deploy" / "grafana.json").read_text())
    queries = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    shown = set(re.findall(r"ray_imagesearch_\w+", " ".join(queries)))
    assert shown == {f"ray_{metric.name}{SUFFIXES[metric.kind]}" for metric in METRICS}


def test_the_operations_page_explains_every_metric():
    page = (ROOT / "docs" / "operations.md").read_text()
    assert [metric.name for metric in METRICS if f"`ray_{metric.name}" not in page] == []


def test_every_metric_takes_its_tags_also_where_no_cluster_is():
    meter = RayMeter()
    for metric in METRICS:
        meter.record(metric, 1.0, **dict.fromkeys(metric.tags, "x"))
        meter.record(metric, 0.0, **dict.fromkeys(metric.tags, "x"))
