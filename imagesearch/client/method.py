"""Makes the function that describes a call the method that sends it: its name, words and parameters are written once."""

from __future__ import annotations

from collections.abc import Callable
from inspect import Parameter, signature
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


def described_by(make: Callable[..., Any], method: F) -> F:
    """Give a method the name, the words and the parameters of `make`, for help() and editors."""
    told = signature(make)
    method.__name__ = method.__qualname__ = make.__name__
    method.__doc__ = make.__doc__
    this = Parameter("self", Parameter.POSITIONAL_ONLY)
    # What `make` returns is a Call; what the method returns, type checkers know.
    method.__signature__ = told.replace(parameters=[this, *told.parameters.values()], return_annotation=told.empty)  # type: ignore[attr-defined]
    return method
