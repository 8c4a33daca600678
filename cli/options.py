"""The options that many commands share."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from imagesearch.types import NAMESPACE_PATTERN

Json = Annotated[bool, typer.Option("--json", help="Print lines of JSON on stdout.")]


def known_namespace(value: str | None) -> str | None:
    """Refuse what no namespace is called. Raises typer.BadParameter."""
    if value is not None and not re.fullmatch(NAMESPACE_PATTERN, value):
        raise typer.BadParameter("letters, digits, _, . and - only, 64 at most")
    return value
