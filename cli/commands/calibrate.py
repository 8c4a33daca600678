"""`imagesearch calibrate`: fits searches to the collection: how far the index looks, and what tells copies from others."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields

from cli.console import Output, cell, table
from cli.schema import require_schema
from config import Settings
from imagesearch.types import Calibrated
from jobs.calibrate import calibrate
from jobs.learning.learn import learn
from jobs.learning.worth import Worth


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be fitted, and on how much; as jobs.calibrate has it."""

    index: bool
    join: bool
    queries: int
    top_k: int
    sample: int
    seed: int
    namespace: str


def run(settings: Settings, output: Output, wanted: Wanted) -> int:
    """Print what was measured and learned; returns 0. Raises what the job raises."""
    require_schema(settings.sql)
    if wanted.index:
        _index(settings, output, wanted)
    if wanted.join:
        _join(settings, output, wanted)
    return 0


def _index(settings: Settings, output: Output, wanted: Wanted) -> None:
    def say(one: Calibrated) -> None:
        output.record({**asdict(one), "create_time": one.create_time.isoformat()})

    measured = calibrate(settings, wanted.queries, wanted.top_k, say)
    if not measured:
        output.say(f"nothing to measure: no pictures, or an index that always looks at everything ({settings.milvus.index})")
        return
    shown = table("effort", f"recall@{wanted.top_k}", numbers=("effort", f"recall@{wanted.top_k}"))
    for one in measured:
        shown.add_row(cell(one.effort), cell(f"{one.recall:.3f}"))
    output.show(shown)


def _join(settings: Settings, output: Output, wanted: Wanted) -> None:
    with output.progress("pictures") as progress:
        task = progress.add_task("holding copies against others", total=None)
        found = learn(
            settings,
            wanted.namespace,
            wanted.sample,
            wanted.seed,
            lambda done, total: progress.update(task, completed=done, total=total),
        )
    output.record({"join": asdict(found)})
    shown = table(f"on {found.judged} pictures", "in force", "learned", numbers=("in force", "learned"))
    for one in fields(Worth):
        before, after = getattr(found.in_force, one.name), getattr(found.learned, one.name)
        shown.add_row(cell(one.name.replace("_", " ")), cell(f"{before:.4g}"), cell(f"{after:.4g}"))
    output.show(shown)
    for code, count in found.unread.items():
        output.say(f"{count} pictures could not be read ({code})", "yellow")
    if found.version is None:
        output.say("the join in force is kept: the learned one is not better on pictures that it has not seen", "yellow")
    else:
        output.say(f"version {found.version} of the join judges from now on", "green")
