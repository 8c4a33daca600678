"""Metrics by way of Ray, whose node agents export them to Prometheus, each name with `ray_` before it."""

from __future__ import annotations

from typing import Any

from ray.util.metrics import Counter, Gauge, Histogram

from imagesearch.metrics import METRICS, Kind, Metric


class RayMeter:
    """Implements imagesearch.metrics.Meter in a process of a Ray cluster."""

    def __init__(self) -> None:
        self._metrics: dict[str, Any] = {metric.name: _made(metric) for metric in METRICS}

    def record(self, metric: Metric, value: float, **tags: str) -> None:
        """Hand the value to Ray, which sends it on now and then."""
        kept = self._metrics[metric.name]
        if metric.kind is Kind.COUNTER:
            # Ray refuses to count nothing.
            if value > 0:
                kept.inc(value, tags=tags)
        elif metric.kind is Kind.GAUGE:
            kept.set(value, tags=tags)
        else:
            kept.observe(value, tags=tags)


def _made(metric: Metric) -> Counter | Gauge | Histogram:
    if metric.kind is Kind.HISTOGRAM:
        return Histogram(metric.name, metric.description, boundaries=list(metric.bounds), tag_keys=metric.tags)
    kind = Counter if metric.kind is Kind.COUNTER else Gauge
    return kind(metric.name, metric.description, tag_keys=metric.tags)
