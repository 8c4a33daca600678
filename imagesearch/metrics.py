"""What is measured while the system runs: names, kinds, tags. How it gets to Prometheus is the business of a Meter."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Kind(StrEnum):
    """A counter only grows, a gauge is what it was last set to, a histogram counts values by size."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric; `bounds` are the upper ends of a histogram's buckets."""

    name: str
    kind: Kind
    description: str
    tags: tuple[str, ...] = ()
    bounds: tuple[float, ...] = ()


class Meter(Protocol):
    """Takes values. Never raises, never waits. Thread-safe."""

    def record(self, metric: Metric, value: float, **tags: str) -> None:
        """Add to a counter, set a gauge, or count a value of a histogram; every tag of the metric has to be given."""


class Silent:
    """A meter that nobody reads: for tests, and for serving without Ray."""

    def record(self, metric: Metric, value: float, **tags: str) -> None:
        """Forget it."""


SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
PICTURES = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0)

REQUESTS = Metric(
    "imagesearch_requests",
    Kind.COUNTER,
    "HTTP requests by the code of the problem, if any",
    ("route", "method", "status", "code"),
)
REQUEST_SECONDS = Metric("imagesearch_request_seconds", Kind.HISTOGRAM, "time to the answer's head", ("route", "method"), SECONDS)
STAGE_SECONDS = Metric("imagesearch_stage_seconds", Kind.HISTOGRAM, "time of a search by stage", ("stage",), SECONDS)
CALLS = Metric("imagesearch_calls", Kind.GAUGE, "calls that wait or run in an ingress replica's pool of threads", ("pool",))
QUERY_VECTORS = Metric(
    "imagesearch_query_vectors",
    Kind.COUNTER,
    "pictures and texts searched by; source: embedded, or remembered in Redis",
    ("source",),
)
VERIFIED = Metric(
    "imagesearch_verified_hits", Kind.HISTOGRAM, "hits of one search that were held against its picture", (), PICTURES
)
OLDEST_PENDING_SECONDS = Metric("imagesearch_oldest_pending_seconds", Kind.GAUGE, "age of the oldest add request that waits")
PASS_PICTURES = Metric("imagesearch_pass_pictures", Kind.HISTOGRAM, "pictures of one forward pass", (), PICTURES)
PASS_SECONDS = Metric("imagesearch_pass_seconds", Kind.HISTOGRAM, "time of one forward pass", (), SECONDS)
EMBEDDER_QUEUE = Metric("imagesearch_embedder_queue_pictures", Kind.GAUGE, "pictures that wait for a forward pass when one begins")
ROWS = Metric("imagesearch_rows", Kind.COUNTER, "add requests that a load made final", ("state",))

METRICS = (
    REQUESTS,
    REQUEST_SECONDS,
    STAGE_SECONDS,
    CALLS,
    QUERY_VECTORS,
    VERIFIED,
    OLDEST_PENDING_SECONDS,
    PASS_PICTURES,
    PASS_SECONDS,
    EMBEDDER_QUEUE,
    ROWS,
)
