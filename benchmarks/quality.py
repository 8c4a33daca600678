"""Whether edited copies of a folder's pictures find their originals; `python -m benchmarks.quality FOLDER`.

Asks the running stack over HTTP about the pictures of FOLDER that were added to it, each edited in several ways, and holds the
answers against the exact ranking of the same vectors. Prints a table and a line of JSON; writes results/quality.json.
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.edits import EDITS
from benchmarks.ranking import ExactRanking
from cli.console import Output, cell, table
from cli.service import open_client
from config import Settings, load_settings
from imagesearch.client import Client
from imagesearch.errors import ConfigError, ImageSearchError, InputError
from imagesearch.images.decode import decode
from imagesearch.images.hashes import content_hash
from imagesearch.imports.request import SUFFIXES
from imagesearch.models.load import open_encoder
from imagesearch.stores.factory import open_stores
from imagesearch.stores.sql.catalog import Catalog
from imagesearch.types import DEFAULT_NAMESPACE, Pixels
from jobs.edge import exit_code

RESULTS = Path(__file__).parent / "results" / "quality.json"
TOP_K = 10
# As many requests at once as a handful of people send.
ASKING = 4
# Copies in memory, and in one forward pass on this side.
PART = 32
PAGE = 1000

TOP_HIT, SAME_PIXELS, EXACT = "top hit is the original", "top hit has its pixels", "share of the exact top 10"
GOALS = {(TOP_HIT, "JPEG quality 50"): 0.97, (TOP_HIT, "half size"): 0.97} | {(EXACT, edit): 0.99 for edit in EDITS}


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of the folder that was added; `looks` is equal for pictures whose decoded pixels are."""

    path: Path
    milvus_id: int
    looks: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What the service found for a copy, (milvus_id, score) best first; and the copy as the model sees it."""

    hits: list[tuple[int, float]]
    model_input: Pixels


@dataclass(slots=True)
class Tally:
    """The sums over one edit's answers."""

    asked: int = 0
    original: int = 0
    same_pixels: int = 0
    agreement: float = 0.0
    misses: list[dict[str, Any]] = field(default_factory=list)

    def shares(self) -> dict[str, float]:
        """Return each figure as a share of the pictures asked about."""
        sums = {TOP_HIT: self.original, SAME_PIXELS: self.same_pixels, EXACT: self.agreement}
        return {figure: value / self.asked for figure, value in sums.items()}


def main(argv: list[str] | None = None) -> int:
    """Measure; exit codes: 0 measured, whatever the figures say, 2 wrong use, 3 the stack is not reachable."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality", description=__doc__)
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("--limit", type=int, help="ask about this many pictures, spread over the folder")
    parser.add_argument("--base", metavar="URL", help="the service; by default the one that the settings name")
    options = parser.parse_args(argv)
    if options.limit is not None and options.limit < 1:
        parser.error("--limit: at least one picture")
    output = Output(as_json=False)
    output.log()
    try:
        settings = load_settings()
        client = Client(options.base) if options.base else open_client(settings)
        with client:
            model = client.stats().model
            tallies = measure(settings, client, model, options.folder, options.limit, output)
    except ImageSearchError as exc:
        output.say(f"error: {exc.detail} ({exc.code})", "red")
        return exit_code(exc)
    command = shlex.join(["python", "-m", "benchmarks.quality", *(sys.argv[1:] if argv is None else argv)])
    report(tallies, {"model": model, "command": command}, output)
    return 0


def measure(settings: Settings, client: Client, model: str, folder: Path, limit: int | None, output: Output) -> dict[str, Tally]:
    """Ask about every picture of the folder that was added, or `limit` of them, after each edit.

    Raises InputError where none was added, ConfigError where the service's `model` is another than the settings',
    StoreUnavailable.
    """
    stores = open_stores(settings)
    try:
        if model != str(stores.fingerprint):
            raise ConfigError(f"the service runs {model}, the settings here say {stores.fingerprint}")
        known = added(stores.catalog)
        if not known:
            raise InputError("nothing was added yet; `imagesearch add FOLDER` and `imagesearch load` first")
        ranking = ExactRanking(stores.index.fetch(list(known.values())))
        encoder = open_encoder(settings.model, stores.s3, PART)
    finally:
        stores.close()
    pictures = list(pictures_of(folder, known, settings))
    if not pictures:
        raise InputError(f"no picture of {folder} was added; `imagesearch add {folder}` and `imagesearch load` first")
    by_id = {picture.milvus_id: picture for picture in pictures}
    # Neighbours in a folder are alike: the first of them would not stand for all.
    asked = pictures[:: max(1, len(pictures) // limit)][:limit] if limit else pictures

    def ask(edit: str, picture: Picture) -> Answer:
        data = EDITS[edit](decode(picture.path.read_bytes(), settings.images).rgb)
        answer = client.search(data, TOP_K)
        copy = decode(data, settings.images, encoder.preprocess.at_least)
        pixels = encoder.prepare(copy.rgb, copy.area)
        return Answer([(hit.milvus_id, hit.score) for hit in answer.hits], pixels)

    tallies = {edit: Tally() for edit in EDITS}
    with ThreadPoolExecutor(ASKING) as pool, output.progress("copies") as progress:
        task = progress.add_task("searching", total=len(asked) * len(EDITS))
        for edit, tally in tallies.items():
            for start in range(0, len(asked), PART):
                part = asked[start : start + PART]
                answers = list(pool.map(partial(ask, edit), part))
                queries = encoder.encode(np.stack([answer.model_input for answer in answers]))
                for picture, answer, query in zip(part, answers, queries, strict=True):
                    tally.agreement += ranking.agreement(query, [milvus_id for milvus_id, _ in answer.hits], TOP_K)
                    judge(tally, picture, answer, by_id, folder)
                progress.advance(task, len(part))
    return tallies


def added(catalog: Catalog) -> dict[str, int]:
    """Return the searchable pictures of the default namespace, milvus_id by content hash."""
    known: dict[str, int] = {}
    after = 0
    while page := catalog.page(DEFAULT_NAMESPACE, after, PAGE):
        known |= {entry.facts.content_hash: entry.milvus_id for entry in page}
        after = page[-1].milvus_id
    return known


def pictures_of(folder: Path, known: dict[str, int], settings: Settings) -> Iterator[Picture]:
    """Yield the pictures below the folder that are known, in a stable order, each content once."""
    met = set()
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() not in SUFFIXES or not path.is_file():
            continue
        data = path.read_bytes()
        milvus_id = known.get(content_hash(data))
        if milvus_id is not None and milvus_id not in met:
            met.add(milvus_id)
            rgb = decode(data, settings.images).rgb
            yield Picture(path, milvus_id, f"{rgb.size} {content_hash(rgb.tobytes())}")


def judge(tally: Tally, picture: Picture, answer: Answer, by_id: dict[int, Picture], folder: Path) -> None:
    """Count the answer; a miss is written down with what came first in the original's place."""
    tally.asked += 1
    ids = [milvus_id for milvus_id, _ in answer.hits]
    if ids[:1] == [picture.milvus_id]:
        tally.original += 1
        tally.same_pixels += 1
        return
    first = by_id.get(ids[0]) if ids else None
    same = first is not None and first.looks == picture.looks
    tally.same_pixels += same
    tally.misses.append(
        {
            "picture": str(picture.path.relative_to(folder)),
            "found": str(first.path.relative_to(folder)) if first else None,
            "same_pixels": same,
            "score": round(answer.hits[0][1], 5) if ids else None,
            "rank": ids.index(picture.milvus_id) + 1 if picture.milvus_id in ids else None,
            "score_of_original": next((round(score, 5) for one, score in answer.hits if one == picture.milvus_id), None),
        }
    )


def report(tallies: dict[str, Tally], about: dict[str, str], output: Output) -> None:
    """Print the figures as a table and as one line of JSON, and write them, misses included, to results/quality.json."""
    shown = table("edit", "figure", "value", "goal", "met", "pictures", numbers=("value", "goal", "pictures"))
    lines: list[dict[str, Any]] = []
    for edit, tally in tallies.items():
        for figure, value in tally.shares().items():
            goal = GOALS.get((figure, edit))
            met = None if goal is None else value >= goal
            judged = {"value": round(value, 5), "goal": goal, "met": met, "pictures": tally.asked}
            lines.append({"figure": f"{figure}, {edit}", **judged, **about})
            words = {None: "", True: "yes", False: "no"}[met]
            shown.add_row(*map(cell, (edit, figure, f"{value:.4f}", goal, words, tally.asked)))
    output.show(shown)
    sys.stdout.write(json.dumps(lines) + "\n")
    RESULTS.parent.mkdir(exist_ok=True)
    misses = {f"{TOP_HIT}, {edit}": {"misses": tally.misses} for edit, tally in tallies.items()}
    recorded = [line | misses.get(line["figure"], {}) for line in lines]
    RESULTS.write_text(json.dumps(recorded, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
