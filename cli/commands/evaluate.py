"""`imagesearch evaluate`: measures how well edited copies of the collection's own pictures are found."""

from __future__ import annotations

from dataclasses import asdict

from cli.console import Output, cell, table
from cli.schema import require_schema
from config import Settings
from imagesearch.edits.catalogue import EDITS
from jobs.evaluate import Wanted, evaluate
from jobs.evaluation.summary import name_of


def run(settings: Settings, output: Output, wanted: Wanted) -> int:
    """Print the figures and what is worse than the baseline; returns 1 where something is. Raises what the job raises."""
    require_schema(settings.sql)
    with output.progress("pictures") as progress:
        task = progress.add_task("asking", total=None)
        found, fallen = evaluate(settings, wanted, lambda done, total: progress.update(task, completed=done, total=total))
    for name, figure in found.figures.items():
        output.record({"figure": name, **asdict(figure)})
    numbers = ("weak", "middle", "strong", "@10 strong")
    for method, limit in found.thresholds.items():
        output.record({"threshold": method, **asdict(limit)})
        shown = table(f"recall@1 by {method}", "strengths", *numbers, numbers=numbers)
        for edit in EDITS.values():
            values = [found.figures[name_of(method, 1, edit.name, one)] for one in edit.report]
            ten = found.figures[name_of(method, 10, edit.name, edit.report[-1])]
            strengths = ", ".join(f"{one:g}" for one in edit.report)
            shown.add_row(cell(edit.name), cell(strengths), *(cell(f"{one.value:.3f}") for one in (*values, ten)))
        output.show(shown)
        rates = f"{limit.false_rate:.2%} of the searches have a false hit there or above, {limit.true_rate:.1%} the true one"
        output.say(f"score {limit.score:.4f}: {rates}")
    others = table("figure", "value", "95 % from", "to", numbers=("value", "95 % from", "to"))
    for name, one in found.figures.items():
        if ", " not in name:
            others.add_row(cell(name), *(cell(f"{value:.3f}") for value in (one.value, one.low, one.high)))
    output.show(others)
    for code, count in found.unread.items():
        output.say(f"{count} pictures could not be read ({code})", "yellow")
    for fall in fallen:
        output.record({"fall": fall.name, "before": asdict(fall.before), "now": None if fall.now is None else asdict(fall.now)})
        now = "not measured" if fall.now is None else f"{fall.now.value:.3f}"
        output.say(f"worse than the baseline: {fall.name}: {fall.before.value:.3f} before, {now} now", "red")
    return 1 if fallen else 0
