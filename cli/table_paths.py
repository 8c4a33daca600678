"""Finds out before a million rows are added that a table's relative paths were meant from another folder than its own."""

from __future__ import annotations

from pathlib import Path

from imagesearch.errors import InputError
from imagesearch.imports.manifest import local_manifest
from imagesearch.imports.source import TABLES, table
from imagesearch.types import AddRequest, Cursor


def require_own_paths(source: str) -> None:
    """Raise InputError where the first picture of a local table lies not below its folder, but below the current one.

    A path must mean the same picture to whoever reads the table later and elsewhere, so it is never meant from the current folder.
    """
    path = Path(source)
    if path.suffix.lower() not in TABLES or not path.is_file():
        return
    folder = path.absolute().parent
    lines = table(local_manifest(path.resolve(), str(folder)), "").lines(Cursor())
    first = next((line for line in lines if isinstance(line.what, AddRequest)), None)
    if first is None or not isinstance(first.what, AddRequest) or "://" in first.place or first.place.startswith("/"):
        return
    if not Path(first.what.image_path).exists() and Path(first.place).exists():
        raise InputError(
            f"{source}: its paths are meant from its own folder, where there is no {first.place}; "
            f"there is one in the current folder: put the table there, or write whole paths"
        )
