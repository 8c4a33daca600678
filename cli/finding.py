"""What a check of `doctor` found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from time import perf_counter

from imagesearch.errors import ImageSearchError


class State(StrEnum):
    """`warn`: it works, and could be better; `fail`: something that commands need does not work."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was looked at, how it is, and what to do; `ms` is how long an answer took."""

    name: str
    state: State
    words: str
    advice: str = ""
    ms: float | None = None


def asked(name: str, ask: Callable[[], str], advice: str, otherwise: State = State.FAIL) -> Finding:
    """Time a question whose answer is a few words; an error of the tree is the state `otherwise`, with the advice."""
    started = perf_counter()
    try:
        words = ask()
    except ImageSearchError as exc:
        return Finding(name, otherwise, exc.detail, advice)
    return Finding(name, State.OK, words, ms=round(1000 * (perf_counter() - started), 1))
