"""All recorded figures in one place: results/summary.json and the tables of docs/performance.md; `python -m benchmarks.report`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from benchmarks.figures import SUMMARY, Figure, shown, words
from benchmarks.suite import BESIDE, SUITE
from cli.console import Output

DOCUMENT = Path(__file__).parents[1] / "docs" / "performance.md"
# What stands between two of these in the document is written here.
BEGIN, END = "<!-- figures of {name} -->\n", "<!-- end -->"


def main() -> int:
    """Gather, write and print what every benchmark recorded last."""
    figures = gather()
    Output(as_json=False).show(shown(figures))
    return 0


def gather() -> list[Figure]:
    """Write the summary and the document's tables anew and return all figures."""
    by_name = {step.name: step.figures() for step in (*SUITE, *BESIDE)}
    figures = [one for part in by_name.values() for one in part]
    SUMMARY.write_text(json.dumps([asdict(one) for one in figures], indent=1) + "\n", encoding="utf-8")
    text = DOCUMENT.read_text(encoding="utf-8")
    for name, part in by_name.items():
        text = laid_in(text, name, part)
    DOCUMENT.write_text(text, encoding="utf-8")
    return figures


def laid_in(text: str, name: str, figures: Iterable[Figure]) -> str:
    """Return the document with the table of this benchmark in its place, where it has one."""
    begin = BEGIN.format(name=name)
    before, found, rest = text.partition(begin)
    if not found:
        return text
    _, _, after = rest.partition(END)
    return before + begin + markdown(figures) + END + after


def markdown(figures: Iterable[Figure]) -> str:
    """Return a table for the document; nothing for no figures."""
    rows = [f"| {' | '.join(words(one))} |\n" for one in figures]
    head = "| figure | ours | against | ratio | goal | met |\n|---|---:|---:|---:|---:|---|\n"
    return head + "".join(rows) if rows else ""


if __name__ == "__main__":
    sys.exit(main())
