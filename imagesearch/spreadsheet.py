"""Cells of a CSV that a spreadsheet opens without running anything in them."""

from __future__ import annotations

# What makes a cell a formula, the wide signs of East Asian keyboards among it, or would end up in front of one that does.
FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20", "\t", "\r", "\n")


def plain_cell(text: str) -> str:
    """Return a stranger's text as a cell that is text: with an apostrophe in front where it would be a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text
