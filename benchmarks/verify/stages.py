"""What each step of a verification takes by itself, in this process and one thread, in milliseconds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import TypeVar

from benchmarks.verify.queries import Query
from config.sections import ImageSettings
from imagesearch.images.agreement import agreement
from imagesearch.images.alignment import Sought, fitted, pairs
from imagesearch.images.decode import decode
from imagesearch.images.features import SIDE, Features, features_of
from imagesearch.images.overlap import held, laid

R = TypeVar("R")


def stages(queries: Sequence[Query], others: Sequence[Path]) -> dict[str, float]:
    """Return the median of each step over the queries, each held against another picture and, where there is one, its original."""
    limits = ImageSettings()
    took: dict[str, list[float]] = {}

    def timed(name: str, call: Callable[[], R]) -> R:
        started = perf_counter()
        value = call()
        took.setdefault(name, []).append(1000 * (perf_counter() - started))
        return value

    def features(name: str, data: bytes) -> Features:
        rgb = timed(f"decode, {name}", lambda: decode(data, limits, SIDE).rgb)
        return timed(f"features, {name}", lambda: features_of(rgb))

    for place, query in enumerate(queries):
        ours = features("query", query.data)
        theirs = features("stored picture", others[place % len(others)].read_bytes())
        sought = timed("query made ready", lambda ours=ours: Sought.of(ours))
        plain, flipped = timed("match, plain and mirrored", lambda sought=sought, theirs=theirs: pairs(sought, theirs))
        timed("RANSAC, plain", lambda ours=ours, theirs=theirs, plain=plain: fitted(ours, theirs, plain, mirror=False))
        timed("RANSAC, mirrored", lambda ours=ours, theirs=theirs, flipped=flipped: fitted(ours, theirs, flipped, mirror=True))
        whole = timed("lay whole on whole", lambda sought=sought, theirs=theirs: sought.whole.laid(theirs.grey))
        timed("agreement", lambda ours=ours, theirs=theirs, whole=whole: agreement(ours.grey, theirs.grey, whole.way))
        timed("a glance", lambda sought=sought, theirs=theirs: laid(sought, theirs))
        timed("all of another picture", lambda sought=sought, theirs=theirs: held(sought, theirs))
        if query.of is not None:
            original = features_of(decode(query.of.read_bytes(), limits, SIDE).rgb)
            timed("all of the original", lambda sought=sought, original=original: held(sought, original))
    return {name: median(values) for name, values in took.items()}
