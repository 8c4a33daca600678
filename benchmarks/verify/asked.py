"""One caller of a running service, who searches by each picture in every way, one right after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import httpx

from benchmarks.verify.queries import Query

WAYS = ("false", "auto", "true")
TOP_K = "10"


@dataclass(frozen=True, slots=True)
class Answered:
    """How long a search took in milliseconds, how many hits it verified, and whether the picture's original came first."""

    query: Query
    way: str
    ms: float
    verified: int
    first: bool


def asked(url: str, queries: Sequence[Query], rounds: int) -> list[Answered]:
    """Search by all of them `rounds` times, after a round that does not count."""
    answered: list[Answered] = []
    with httpx.Client(base_url=url, timeout=60, trust_env=False) as client:
        for number in range(rounds + 1):
            for query in queries:
                each = [_ask(client, query, way) for way in WAYS]
                answered += each if number else []
    return answered


def _ask(client: httpx.Client, query: Query, way: str) -> Answered:
    started = perf_counter()
    answer = client.post("/v1/search", files={"file": ("query.jpg", query.data)}, data={"top_k": TOP_K, "verify": way})
    ms = 1000 * (perf_counter() - started)
    body: dict[str, Any] = answer.raise_for_status().json()
    first = body["hits"][0]["image_path"] if body["hits"] else None
    return Answered(query, way, ms, body.get("verified", 0), query.of is not None and first == str(query.of))
