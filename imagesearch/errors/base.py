"""The base of all errors."""

from __future__ import annotations

from functools import partial
from typing import Any


class ImageSearchError(Exception):
    """Base of all errors; `detail` is for people, `code` for programs, `data` for both."""

    code = "internal_error"
    retriable = False

    def __init__(self, detail: str, **data: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.data = data

    def __reduce__(self) -> tuple[Any, ...]:
        # The default would call the class with the message alone and lose `data` at a process border.
        return partial(type(self), **self.data), (self.detail,)
