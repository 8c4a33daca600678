"""Claims rows for this process, and keeps the claims alive while their batch runs."""

from __future__ import annotations

import threading
from collections.abc import Collection
from types import TracebackType

from imagesearch.ports import Leases


class LeaseKeeper:
    """Renews every held lease three times a lease, in a thread; on leaving, gives back what is still held. Thread-safe."""

    def __init__(self, leases: Leases, lease_s: float) -> None:
        self._leases = leases
        self._pause_s = lease_s / 3
        self._held: set[int] = set()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lease-keeper", daemon=True)

    def __enter__(self) -> LeaseKeeper:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stop.set()
        self._thread.join()
        self.release(self.held())

    def claim(self, log_ids: Collection[int]) -> set[int]:
        """Return those that are this process's from now on, and were not before.

        With Redis down every claim is granted: what this process holds itself it still does not get twice.
        """
        with self._lock:
            free = [log_id for log_id in log_ids if log_id not in self._held]
        claimed = self._leases.claim(free)
        with self._lock:
            self._held |= claimed
        return claimed

    def release(self, log_ids: Collection[int]) -> None:
        """Give these back."""
        log_ids = set(log_ids)
        with self._lock:
            self._held -= log_ids
        self._leases.release(log_ids)

    def held(self) -> set[int]:
        """Return what this process holds now."""
        with self._lock:
            return set(self._held)

    def _run(self) -> None:
        while not self._stop.wait(self._pause_s):
            self._leases.renew(self.held())
