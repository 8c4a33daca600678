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
    """Join the cluster of RAY_ADDRESS, which a submitted job has, else the one of ray.address.

    None is started here: a cluster that a job brought up for itself would listen on every interface of the machine.
    Raises StoreUnavailable when no cluster is known or none answers.
    """
    address = os.environ.get("RAY_ADDRESS") or settings.ray.address
    if address is None:
        how = (
            "run `imagesearch up`" if settings.embedded else "set RAY_ADDRESS or IMAGESEARCH_RAY__ADDRESS, or use `ray job submit`"
        )
        raise StoreUnavailable(f"no Ray cluster is known; {how}", store="ray")
    if settings.ray.token_file is not None:
        # Said on purpose: Ray would otherwise write a token of its own into the user's home and ask for it from then on.
        os.environ.update(RAY_AUTH_MODE="token", RAY_AUTH_TOKEN="", RAY_AUTH_TOKEN_PATH=str(settings.ray.token_file))
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        ray.init(address=address, logging_level=logging.WARNING, log_to_driver=True)
    except ConnectionError as exc:
        raise StoreUnavailable(f"no Ray cluster answers at {address}: {exc}", store="ray") from exc
    try:
        yield
    finally:
        ray.shutdown()
