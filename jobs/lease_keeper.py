"""Keeps the leases of rows in flight alive while their batch runs."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from types import TracebackType

from imagesearch.ports import Leases


class LeaseKeeper:
    """Renews every held lease three times a lease, in a thread; on leaving, gives back what is still held."""

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
        self.release(set(self._held))

    def hold(self, log_ids: Iterable[int]) -> None:
        """Renew these from now on."""
        with self._lock:
            self._held.update(log_ids)

    def release(self, log_ids: Iterable[int]) -> None:
        """Give these back."""
        log_ids = set(log_ids)
        with self._lock:
            self._held -= log_ids
        self._leases.release(log_ids)

    def _run(self) -> None:
        while not self._stop.wait(self._pause_s):
            with self._lock:
                held = list(self._held)
            self._leases.renew(held)
