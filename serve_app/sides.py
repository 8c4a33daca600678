"""Which of a request's several pictures an error is about."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from imagesearch.errors import ImageError, InputError, SourceError


@contextmanager
def about(side: str | None) -> Iterator[None]:
    """Have what is wrong with a picture name it by its `side`, in the detail and before each field; None: there is but one."""
    try:
        yield
    except (InputError, ImageError, SourceError) as exc:
        if side is None:
            raise
        data = exc.data
        if "errors" in data:
            data = data | {"errors": [one | {"field": f"{side}.{one['field']}"} for one in data["errors"]]}
        raise type(exc)(f"{side}: {exc.detail}", **data) from exc
