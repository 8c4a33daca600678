"""Ends tasks that were begun ahead of their need, where nobody waits for them any more."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any


def let_go(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel those that run; what has ended is let be."""
    for task in tasks:
        if not task.cancel() and not task.cancelled():
            # Looked at, whether or not anybody waited for it: asyncio complains of errors that nobody saw.
            task.exception()
