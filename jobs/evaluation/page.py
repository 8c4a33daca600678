"""The report as one page that holds everything it shows."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from html import escape

from imagesearch.edits.catalogue import EDITS
from imagesearch.quality.baseline import Fall
from imagesearch.quality.figure import Figure
from jobs.evaluation.plots import bar, curve, histogram
from jobs.evaluation.report import Case, Evaluation
from jobs.evaluation.summary import name_of, scores_of

STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #667080; --true: #2f6feb; --false: #d9534f; }
body { margin: 0 auto; max-width: 1100px; padding: 32px 24px; font: 15px/1.45 system-ui, sans-serif; }
table { border-collapse: collapse; } td, th { padding: 4px 12px 4px 0; text-align: left; border-bottom: 1px solid var(--line);
  font-variant-numeric: tabular-nums; overflow-wrap: anywhere; } small, p { color: var(--soft); }
svg { max-width: 640px; display: block; } svg.bar { width: 160px; height: 10px; } .bar rect { fill: var(--true); opacity: .6; }
line, polyline { fill: none; stroke: currentColor; stroke-width: 1.5; } polyline.true { stroke: var(--true); stroke-width: 2; }
polyline.false { stroke: var(--false); stroke-width: 2; } .mark { stroke-dasharray: 4; }
text { font-size: 11px; fill: var(--soft); }
img { width: 150px; height: 150px; object-fit: contain; } .fall { color: var(--false); }
"""


def page(found: Evaluation, fallen: Sequence[Fall]) -> str:
    """Return the page: no script, nothing loaded from elsewhere, every word of others escaped; its policy forbids all else."""
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'"
    about = "".join(_row(key, value) for key, value in (found.about | found.unread).items())
    parts = [
        f"<h1>How well pictures are found</h1><table>{about}</table>",
        _fallen(fallen),
        *(_edits(found, method) for method in found.thresholds),
        _others(found),
        _index(found),
        _cases(found.cases),
    ]
    head = f'<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{policy}"><title>Evaluation</title>'
    return f'<!doctype html><html lang="en"><head>{head}<style>{STYLE}</style></head><body>{"".join(parts)}</body></html>\n'


def _edits(found: Evaluation, method: str) -> str:
    rows = [_row("edit", "strength", "recall@1", "", "recall@10", head=True)]
    overall = [found.figures[f"{method}: recall@{place}"] for place in (1, 10)]
    rows.append(_figures("all", "", *overall))
    for edit in EDITS.values():
        for strength in edit.report:
            both = [found.figures[name_of(method, place, edit.name, strength)] for place in (1, 10)]
            rows.append(_figures(edit.name, f"{strength:g} {edit.unit}", *both))
    limit = found.thresholds[method]
    words = (
        f"<p>The best false hit of {limit.false_rate:.2%} of the searches scores {limit.score:.4f} or more; so do "
        f"{limit.true_rate:.1%} of the true pairs. Blue: true pairs, red: the best false hit of each search.</p>"
    )
    plot = histogram(*scores_of(found.answers, method), limit.score)
    return f"<h2>Copies, by {escape(method)}</h2><table>{''.join(rows)}</table><h2>Scores</h2>{words}{plot}"


def _others(found: Evaluation) -> str:
    rows = [_row(name, _words(one)) for name, one in found.figures.items() if name.startswith("label ")]
    return f"<h2>Labels</h2><table>{''.join(rows)}</table>" if rows else ""


def _index(found: Evaluation) -> str:
    rows = [_row("effort", "recall@10", "p50 ms", "p95 ms", head=True)]
    for step in found.index:
        effort = "as set" if step.effort is None else step.effort
        rows.append(_row(effort, _words(step.recall), f"{step.p50_ms:.1f}", f"{step.p95_ms:.1f}"))
    points = [(float(step.effort), step.recall.value) for step in found.index if step.effort is not None]
    plot = curve(points, "Recall by effort") if points else ""
    return f"<h2>The index against exact search</h2><table>{''.join(rows)}</table>{plot}"


def _cases(cases: Iterable[Case]) -> str:
    rows = []
    for case in cases:
        one = case.answer
        place = "not among the first ten" if one.rank is None else f"place {one.rank}"
        words = (
            f"{case.name}: {one.edit} {one.strength:g}, by {one.method}: {place}; false hit {one.other_id} at {one.other_score:.4f}"
        )
        rows.append(f"<tr><td>{escape(words)}</td>{''.join(map(_picture, (case.original, case.copy, case.instead)))}</tr>")
    heads = _row("", "picture", "copy", "found instead", head=True)
    return f"<h2>Worst cases</h2><table>{heads}{''.join(rows)}</table>" if rows else ""


def _fallen(fallen: Sequence[Fall]) -> str:
    rows = [_row(one.name, _words(one.before), "not measured" if one.now is None else _words(one.now)) for one in fallen]
    heads = _row("figure", "before", "now", head=True)
    return f'<h2 class="fall">Worse than the baseline</h2><table>{heads}{"".join(rows)}</table>' if rows else ""


def _picture(data: bytes | None) -> str:
    shown = "" if data is None else f'<img alt="" src="data:image/webp;base64,{base64.b64encode(data).decode()}">'
    return f"<td>{shown}</td>"


def _figures(edit: str, strength: str, first: Figure, ten: Figure) -> str:
    cells = "".join(f"<td>{escape(one)}</td>" for one in (edit, strength, _words(first)))
    return f"<tr>{cells}<td>{bar(first.value, first.low, first.high)}</td><td>{_words(ten)}</td></tr>"


def _words(one: Figure) -> str:
    return f"{one.value:.3f} ({one.low:.3f} to {one.high:.3f})"


def _row(*cells: object, head: bool = False) -> str:
    kind = "th" if head else "td"
    return f"<tr>{''.join(f'<{kind}>{escape(str(one))}</{kind}>' for one in cells)}</tr>"
