"""What verification adds to a search, and where its time goes; `python -m benchmarks.verify [FOLDER]`.

The service under plain uvicorn on SQLite and Milvus Lite, one caller, who searches by copies of loaded pictures and by others that
are not there, each with verify false, auto and true in turn; once with the features of stored pictures made anew each time, once
read as the load kept them, once with all of them remembered. Pictures are those below the folder, else cuts of photographs that
packages carry. Prints a table and writes results/verify.json.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from benchmarks.figures import Figure, figure, middle, record, shown
from benchmarks.search.started import started
from benchmarks.stack import UNREMEMBERED, running
from benchmarks.verify.asked import WAYS, Answered, asked
from benchmarks.verify.loaded import loaded
from benchmarks.verify.queries import COPIES, STRANGER, pictures, queries
from benchmarks.verify.stages import stages
from cli.console import Output

# As Ray sets it for a replica: products of small matrices gain nothing by threads of their own.
THREADS = {"OMP_NUM_THREADS": "1"}
# No search is cut short.
MORE = {**UNREMEMBERED, "IMAGESEARCH_VERIFY__BUDGET_MS": "5000", **THREADS}
FEATURES = {
    "made each time": {"IMAGESEARCH_VERIFY__CACHE_BYTES": "0"},
    "read each time": {"IMAGESEARCH_VERIFY__CACHE_BYTES": "0", "IMAGESEARCH_VERIFY__KEEP_FEATURES": "true"},
    "remembered": {"IMAGESEARCH_VERIFY__CACHE_BYTES": str(2**30)},
}
KEEP = {
    "features not kept": {"IMAGESEARCH_VERIFY__KEEP_FEATURES": "false"},
    # The last: this is what is searched.
    "features kept": {"IMAGESEARCH_VERIFY__KEEP_FEATURES": "true"},
}
GOALS = {"auto": "<= 20", "true": "<= 80"}


def main(argv: list[str] | None = None) -> int:
    """Measure; exit code 0 whatever the figures say."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.verify", description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--pictures", type=int, default=400)
    parser.add_argument("--strangers", type=int, default=6, help="pictures that are not loaded; so many queries of each kind")
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args(argv)
    command = shlex.join(["python", "-m", "benchmarks.verify", *(sys.argv[1:] if argv is None else argv)])
    output = Output(as_json=False)
    with tempfile.TemporaryDirectory(prefix="bench-pictures-") as folder, running("embedded", ray=False) as stack:
        paths = pictures(Path(folder), options.folder, options.pictures + options.strangers)
        known, strangers = paths[: -options.strangers], paths[-options.strangers :]
        more = MORE | {"IMAGESEARCH_SOURCES__ROOTS": json.dumps([folder])}
        fetch_ms = {kept: loaded(stack.fresh(more | keep), known) for kept, keep in KEEP.items()}
        wanted = queries(known, strangers)
        os.environ.update(THREADS)
        with ProcessPoolExecutor(1, get_context("spawn")) as other:
            steps = other.submit(stages, wanted, known).result()
        answered: dict[str, list[Answered]] = {}
        for name, features in FEATURES.items():
            with started(stack, more | features) as url:
                output.say(f"features {name}")
                answered[name] = asked(url, wanted, options.rounds)
    figures = [one for name, found in answered.items() for one in _figures(name, found, command)]
    figures += [figure(f"ms, {name}", ms, command) for name, ms in steps.items()]
    plain = middle(middle(_each(found, "false")) for found in answered.values())
    figures.append(figure("ms a search, p50, not verified", plain, command))
    figures += [figure(f"ms a picture of a load's first stage, {name}", ms, command) for name, ms in fetch_ms.items()]
    output.show(shown(figures))
    record("verify", figures, {"command": command, "by_kind": {name: by_kind(found) for name, found in answered.items()}})
    return 0


def _figures(features: str, found: Sequence[Answered], command: str) -> list[Figure]:
    """Hold what verification adds to the same search against its goal, in the middle of all searches."""
    plain = _each(found, "false")
    made = []
    for way, goal in GOALS.items():
        added = [ms - without for ms, without in zip(_each(found, way), plain, strict=True)]
        made.append(figure(f"ms that verify={way} adds, p50, features {features}", middle(added), command, goal=goal))
    for way in WAYS:
        here = [one.first for one in found if one.way == way and one.query.of is not None]
        name = f"share of originals that come first, verify={way}, features {features}"
        made.append(figure(name, sum(here) / len(here), command))
    return made


def by_kind(found: Sequence[Answered]) -> dict[str, dict[str, dict[str, float]]]:
    """Return milliseconds, hits verified and originals found by kind of query and way."""
    return {
        kind: {
            way: {
                "ms": round(middle(one.ms for one in here), 1),
                "verified": middle(one.verified for one in here),
                "first": round(sum(one.first for one in here) / len(here), 3),
            }
            for way in WAYS
            if (here := [one for one in found if one.way == way and one.query.kind == kind])
        }
        for kind in (*COPIES, STRANGER)
    }


def _each(found: Sequence[Answered], way: str) -> list[float]:
    return [one.ms for one in found if one.way == way]


if __name__ == "__main__":
    sys.exit(main())
