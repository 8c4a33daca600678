"""Imports that nobody reads, taken up by a load that follows: it is there when the service's own reader is not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from config.settings import Settings


@contextmanager
def abandoned_imports(settings: Settings) -> Iterator[None]:
    """Read, in threads of this process, what lost its reader or found none for a lease, while the `with` lasts."""
    # A second of imports that a load does not pay which does not follow.
    from imagesearch.imports.runner import ImportRunner

    with ImportRunner(settings, after_s=settings.imports.lease_s):
        yield
