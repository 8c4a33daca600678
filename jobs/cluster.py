"""Connects a job's driver to its Ray cluster."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager

import ray

from config.settings import Settings
from imagesearch.errors import StoreUnavailable


@contextmanager
def connected(settings: Settings) -> Iterator[None]:
    """Join the cluster of RAY_ADDRESS (a submitted job has it), else of ray.address, else start one of this process's own.

    Raises StoreUnavailable when the cluster does not answer.
    """
    address = os.environ.get("RAY_ADDRESS") or settings.ray.address or "local"
    if settings.profile == "local":
        # Ray would otherwise write a token file into the user's home and ask for it from then on; loopback needs none.
        os.environ.setdefault("RAY_AUTH_MODE", "disabled")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    extra = {"include_dashboard": False, "_node_ip_address": "127.0.0.1"} if address == "local" else {}
    try:
        ray.init(address=address, logging_level=logging.WARNING, log_to_driver=True, **extra)
    except ConnectionError as exc:
        raise StoreUnavailable(f"no Ray cluster answers at {address}: {exc}", store="ray") from exc
    try:
        yield
    finally:
        ray.shutdown()
