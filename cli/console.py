"""What a command says: results on stdout, as tables or as lines of JSON; progress, words and logs on stderr."""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.logging import RichHandler
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

COLOUR = re.compile("\x1b\\[[0-9;]*m")


class Output:
    """One command's voice; with `as_json` only `record` speaks on stdout, without it only `show` does."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json
        self._results = Console()
        self._words = Console(stderr=True)

    def record(self, line: Mapping[str, Any]) -> None:
        """Print one line of JSON, in ASCII, so that no terminal's or pipe's encoding can refuse it."""
        if self.as_json:
            sys.stdout.write(json.dumps(line) + "\n")
            sys.stdout.flush()

    def show(self, result: Table | Text) -> None:
        """Print a result for people."""
        if not self.as_json:
            # A line of words is the terminal's to wrap, and whole in a pipe.
            self._results.print(result, soft_wrap=isinstance(result, Text))

    def say(self, words: str, style: str = "") -> None:
        """Print words on stderr."""
        self._words.print(Text(plain(words), style), soft_wrap=True)

    def progress(self, unit: str) -> Progress:
        """Return a progress display on stderr, gone when it ends, and silent where nobody looks."""
        return Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn(unit),
            PaceColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=self._words,
            transient=True,
            disable=not self._words.is_terminal,
        )

    def log(self) -> None:
        """Send the process's warnings to stderr, above a progress display that may be there."""
        handler = RichHandler(console=self._words, show_time=False, show_path=False)
        handler.setFormatter(_PlainFormatter())
        logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)


def table(*columns: str, numbers: tuple[str, ...] = ()) -> Table:
    """Return an empty table; the columns named in `numbers` are set to the right and never wrapped, the others fold."""
    made = Table(header_style="bold", box=None, pad_edge=False)
    for column in columns:
        if column in numbers:
            made.add_column(column, justify="right", no_wrap=True)
        else:
            made.add_column(column, overflow="fold")
    return made


def cell(value: object) -> Text:
    """Return a table's cell that shows exactly this text: nothing in it is markup or moves the cursor."""
    return Text(plain("" if value is None else str(value)))


def plain(text: str) -> str:
    """Write out what is not printable, but for line ends and tabs: names come from strangers, and a terminal obeys escapes.

    Colours, which Ray puts into the lines of a job, are left out.
    """
    text = COLOUR.sub("", text)
    return "".join(c if c.isprintable() or c in "\n\t" else c.encode("unicode_escape", "surrogatepass").decode() for c in text)


class PaceColumn(ProgressColumn):
    """How many a second, lately."""

    def render(self, task: Task) -> Text:
        """Show the pace, nothing before there is one."""
        return Text("" if task.speed is None else f"{task.speed:,.1f}/s", "dim")


class _PlainFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return plain(super().format(record))
