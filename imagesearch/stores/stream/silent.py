"""Where there is no stream."""

from __future__ import annotations

from collections.abc import Iterable

from imagesearch.types import LogRow


class Silent:
    """Implements ports.Announcer and announces nothing: every row is found by who reads the add-log."""

    def announce(self, rows: Iterable[LogRow]) -> None:
        """Announce nothing."""

    def ping(self) -> None:
        """Ask nobody."""

    def close(self) -> None:
        """Close nothing."""
