"""`imagesearch doctor`: looks at everything that a load or a search needs, and says what to do about what is ill."""

from __future__ import annotations

from dataclasses import asdict

from rich.table import Table
from rich.text import Text

from cli.checks import cluster, machine, model, stores
from cli.console import Output, plain
from cli.finding import Finding, State
from config import Settings

# What others rest on stands before them.
CHECKS = (
    machine.python,
    machine.profile,
    machine.disk,
    stores.sql,
    stores.schema,
    stores.milvus,
    stores.redis,
    stores.stream,
    stores.blobs,
    model.weights,
    stores.vectors,
    cluster.ray,
    cluster.service,
    machine.device,
    model.runtime,
)
STYLES = {State.OK: "green", State.WARN: "yellow", State.FAIL: "bold red"}
NAME_WIDTH = 8


def run(settings: Settings, output: Output) -> int:
    """Print a finding a line, as each is known; returns 3 where one fails, else 0."""
    failed = False
    for check in CHECKS:
        finding = check(settings)
        output.record(asdict(finding))
        output.show(line_of(finding))
        failed = failed or finding.state is State.FAIL
    return 3 if failed else 0


def line_of(finding: Finding) -> Table:
    """Return the finding for people; what to do stands below what is ill."""
    words = Text(plain(finding.words))
    if finding.ms is not None:
        words.append(f"  {finding.ms:.0f} ms", "dim")
    if finding.advice and finding.advice not in finding.words:
        words.append(f"\n-> {finding.advice}")
    line = Table.grid(padding=(0, 1))
    line.add_column(width=4)
    line.add_column(width=NAME_WIDTH)
    line.add_column(overflow="fold")
    line.add_row(Text(finding.state, STYLES[finding.state]), finding.name, words)
    return line
