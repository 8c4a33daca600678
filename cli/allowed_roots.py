"""The folders that the local profile lets the service read, a line each in a file: who types a command may open their own."""

from __future__ import annotations

import fcntl
import glob
import os
import tempfile
from itertools import islice, takewhile
from pathlib import Path
from urllib.parse import unquote, urlsplit

from imagesearch.errors import InputError
from imagesearch.imports.line import Line
from imagesearch.imports.manifest import local_manifest
from imagesearch.imports.source import MANIFESTS, TABLES, table
from imagesearch.types import AddRequest, Cursor

# Lines of a table that are looked at: a table of pictures in the cloud may have millions, and none of them lies here.
LOOKED_AT = 10_000


def root_of(source: str) -> Path | None:
    """Return the folder to allow for what was asked to be added, symbolic links resolved; None where nothing is to be allowed.

    A folder: itself. A picture: its folder. A glob: the folder before its first wildcard. A manifest: its own folder, where one
    of its lines names a file below that; files elsewhere stay forbidden until their folder is added.
    Raises InputError for the whole disk, for a glob that matches nothing, and for a folder whose name breaks lines.
    """
    path = Path(source)
    if path.is_dir():
        root = path.resolve()
    elif path.is_file():
        root = path.resolve().parent
        if path.suffix.lower() in MANIFESTS:
            root = path.parent.resolve()
            # An archive's pictures are kept with the uploads.
            if path.suffix.lower() not in TABLES or not _names_pictures_below(root, path):
                return None
    elif glob.has_magic(source):
        # Path.glob takes no absolute pattern.
        if next(glob.iglob(source, recursive=True, include_hidden=True), None) is None:  # noqa: PTH207
            raise InputError(f"{source}: no file of this name")
        root = Path(*takewhile(lambda part: not glob.has_magic(part), path.parts)).resolve()
    else:
        return None
    if root == Path(root.anchor):
        raise InputError(f"{source} would let the service read the whole disk; name a folder below {root}")
    if b"\n" in os.fsencode(root):
        raise InputError(f"{str(root)!r}: a folder with a line break in its name cannot be allowed; rename it")
    return root


def allow(roots_file: Path, root: Path) -> bool:
    """Add the folder to the file unless it or a folder above it is there, and say whether that was needed.

    The file appears whole or not at all, readable by its owner only; commands that run at once do not lose each other's lines.
    """
    roots_file.parent.mkdir(parents=True, exist_ok=True)
    with roots_file.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        known = [line for line in _read(roots_file).split(b"\n") if line]
        if any(root.is_relative_to(os.fsdecode(line)) for line in known):
            return False
        # Half a line would be a folder further up, and readers do not lock: the file is replaced, never written to.
        with tempfile.NamedTemporaryFile(dir=roots_file.parent, delete=False) as new:
            new.write(b"".join(line + b"\n" for line in [*known, os.fsencode(root)]))
            new.flush()
            os.fsync(new.fileno())
        Path(new.name).replace(roots_file)
        return True


def _read(roots_file: Path) -> bytes:
    return roots_file.read_bytes() if roots_file.exists() else b""


def _names_pictures_below(root: Path, path: Path) -> bool:
    lines = table(local_manifest(path.resolve(), str(root)), "").lines(Cursor())
    return any(_lies_below(root, line) for line in islice(lines, LOOKED_AT))


def _lies_below(root: Path, line: Line) -> bool:
    if not isinstance(line.what, AddRequest):
        return False
    named = line.what.image_path
    if "://" in named:
        if not named.lower().startswith("file://"):
            return False
        named = unquote(urlsplit(named).path)
    return Path(named).resolve().is_relative_to(root)
