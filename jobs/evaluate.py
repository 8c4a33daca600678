"""Measures how well the collection's own pictures are found; `python -m jobs.evaluate [--sample N] [--html FILE] [--figures FILE]`.

Pictures drawn by chance are edited in 60 ways and searched by; labels, the index and the scores are measured on the same ones.
Prints a line of JSON for each figure. With `--baseline` exit 1 where one is worse than it was, beyond tolerance and chance.
"""

from __future__ import annotations

import argparse
import json
import logging
import re
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

from config import Settings, load_settings
from imagesearch.errors import InputError
from imagesearch.quality import baseline
from imagesearch.quality.baseline import Fall, falls
from imagesearch.stores.factory import open_stores
from imagesearch.types import DEFAULT_NAMESPACE, NAMESPACE_PATTERN
from jobs.edge import job_edge
from jobs.evaluation.asker import Answer
from jobs.evaluation.asking import asked
from jobs.evaluation.cases import shown
from jobs.evaluation.index_recall import index_recall
from jobs.evaluation.labels import labelled
from jobs.evaluation.page import page
from jobs.evaluation.report import Evaluation
from jobs.evaluation.sample import sample
from jobs.evaluation.summary import recalls, thresholds, worst

logger = logging.getLogger(__name__)

WORST = 20


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be measured and where it is written; `actors` 0: in this process; `verified`: asked with verify, too."""

    sample: int = 50
    seed: int = 0
    namespace: str = DEFAULT_NAMESPACE
    label: str | None = None
    false_rate: float = 0.01
    actors: int = 0
    html: Path | None = None
    figures: Path | None = None
    baseline: Path | None = None
    tolerance: float = 0.01
    verified: bool = False


def evaluate(settings: Settings, wanted: Wanted, say: Callable[[int, int], None]) -> tuple[Evaluation, list[Fall]]:
    """Measure, write what is to be written, and return it with what is worse than the baseline; `say` hears pictures done, of all.

    Raises InputError for `verified` with actors, where the namespace has no pictures that can be read, for a label that is not
    kept, a baseline that is none and files that cannot be written, StoreError, ModelError.
    """
    if wanted.verified and wanted.actors:
        raise InputError("verified: asked in one process only, without actors")
    before = {} if wanted.baseline is None else baseline.read(wanted.baseline)
    for path in (wanted.html, wanted.figures):
        if path is not None and not path.absolute().parent.is_dir():
            raise InputError(f"{path}: its folder does not exist")
    with closing(open_stores(settings)) as stores:
        entries = sample(stores, wanted.namespace, wanted.sample, wanted.seed)
        labels = {} if wanted.label is None else labelled(stores, entries, wanted.label)
        answers: list[Answer] = []
        unread: Counter[str] = Counter()
        for done, found in enumerate(asked(settings, entries, wanted.seed, wanted.actors, verified=wanted.verified), 1):
            if isinstance(found, str):
                unread[found] += 1
            else:
                answers += found
            say(done, len(entries))
        if not answers:
            raise InputError(f"namespace {wanted.namespace}: no pictures that can be read", unread=dict(unread))
        steps = list(index_recall(stores, settings.milvus.index, entries, wanted.seed))
        # In what order the actors answered must not show.
        answers.sort(key=lambda one: (one.method, one.milvus_id))
        evaluation = Evaluation(
            {
                "model": str(stores.fingerprint),
                "index": settings.milvus.index,
                "namespace": wanted.namespace,
                "pictures": len(entries) - sum(unread.values()),
                "seed": wanted.seed,
            },
            answers,
            recalls(answers) | labels | ({"index: recall@10": steps[0].recall} if steps else {}),
            thresholds(answers, wanted.false_rate),
            steps,
            dict(unread),
            shown(stores, settings.images, worst(answers, WORST), wanted.seed) if wanted.html else (),
        )
    fallen = falls(before, evaluation.figures, wanted.tolerance)
    write(evaluation, fallen, wanted)
    return evaluation, fallen


def write(evaluation: Evaluation, fallen: list[Fall], wanted: Wanted) -> None:
    """Write the page and the baseline where they are wanted. Raises InputError."""
    if wanted.figures is not None:
        baseline.write(wanted.figures, evaluation.about, evaluation.figures)
    if wanted.html is not None:
        try:
            wanted.html.write_text(page(evaluation, fallen), encoding="utf-8")
        except OSError as exc:
            raise InputError(f"{wanted.html} cannot be written: {exc.strerror}") from exc


def main(argv: list[str] | None = None) -> int:
    """Run the job; exit codes: 0 measured, 1 worse than the baseline, 2 wrong use or settings, 3 a store is not reachable."""
    parser = argparse.ArgumentParser(prog="python -m jobs.evaluate", description=__doc__)
    parser.add_argument("--sample", type=int, default=50, help="pictures to edit and search by")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--namespace", default=DEFAULT_NAMESPACE)
    parser.add_argument("--label", metavar="KEY", help="the key of info that says what is alike")
    parser.add_argument("--false-rate", type=float, default=0.01, help="the share of searches whose false hit may pass")
    parser.add_argument("--actors", type=int, default=0, help="processes of the Ray cluster that ask; 0: this one")
    parser.add_argument("--html", type=Path, metavar="FILE")
    parser.add_argument("--figures", type=Path, metavar="FILE", help="figures, for --baseline of a later run")
    parser.add_argument("--baseline", type=Path, metavar="FILE")
    parser.add_argument("--tolerance", type=float, default=0.01)
    parser.add_argument("--verified", action="store_true", help="ask with verify, too: many times the work")
    wanted = Wanted(**vars(parser.parse_args(argv)))
    if (
        wanted.sample < 1
        or wanted.seed < 0
        or wanted.actors < 0
        or not 0 <= wanted.false_rate <= 1
        or not 0 <= wanted.tolerance <= 1
    ):
        parser.error("--sample at least 1, --seed and --actors at least 0, --false-rate and --tolerance between 0 and 1")
    if not re.fullmatch(NAMESPACE_PATTERN, wanted.namespace):
        parser.error("--namespace: letters, digits and _ . - only")

    def run(settings: Settings) -> int:
        evaluation, fallen = evaluate(
            settings, wanted, lambda done, total: logger.info("asked about %d of %d pictures", done, total)
        )
        for name, figure in evaluation.figures.items():
            _say({"figure": name, **asdict(figure)})
        for method, limit in evaluation.thresholds.items():
            _say({"threshold": method, **asdict(limit)})
        for one in fallen:
            _say({"fall": one.name, "before": asdict(one.before), "now": None if one.now is None else asdict(one.now)})
        return 1 if fallen else 0

    return job_edge(load_settings, run, job="evaluate")


def _say(line: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
