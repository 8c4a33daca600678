"""The edge of the command line: an error of the tree becomes one line on stderr and an exit code, never a traceback."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup

from cli.console import Output
from imagesearch.errors import ImageSearchError
from jobs.edge import exit_code


class CommandEdge(TyperGroup):
    """The group of all commands; no command can forget the edge."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command; raises typer.Exit with 1, 2 or 3 for an error of the tree."""
        try:
            return super().invoke(ctx)
        except ImageSearchError as exc:
            Output(as_json=False).say(f"error: {exc.detail} ({exc.code})", "red")
            raise typer.Exit(exit_code(exc)) from exc
