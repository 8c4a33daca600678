"""Figures kept for later, and what has become worse since."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from imagesearch.errors import InputError
from imagesearch.quality.figure import Figure

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Fall:
    """A figure that is worse than it was; `now` is None where it was not measured any more."""

    name: str
    before: Figure
    now: Figure | None


def falls(before: Mapping[str, Figure], now: Mapping[str, Figure], tolerance: float) -> list[Fall]:
    """Return the figures that lie by more than the tolerance below the earlier ones.

    One that is missing now is among them; one that is new is not. Of the same pictures, with the same edits, no part of a fall is
    chance: the intervals, which say how far the sample speaks for the collection, have no part in this.
    """
    return [
        Fall(name, one, now.get(name)) for name, one in before.items() if name not in now or now[name].value < one.value - tolerance
    ]


def write(path: Path, about: Mapping[str, object], figures: Mapping[str, Figure]) -> None:
    """Write the figures over what the file held. Raises InputError when it cannot be written."""
    document = {"format": FORMAT, "about": dict(about), "figures": {name: asdict(one) for name, one in figures.items()}}
    try:
        path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    except OSError as exc:
        raise InputError(f"{path} cannot be written: {exc.strerror}") from exc


def read(path: Path) -> dict[str, Figure]:
    """Return the figures of a file that `write` wrote. Raises InputError for any other."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["format"] != FORMAT:
            raise InputError(f"{path} is a baseline of another format ({document['format']})")
        return {str(name): Figure(**one) for name, one in document["figures"].items()}
    except OSError as exc:
        raise InputError(f"{path} cannot be read: {exc.strerror}") from exc
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as exc:
        raise InputError(f"{path} is not a baseline that `imagesearch evaluate --figures` wrote") from exc
