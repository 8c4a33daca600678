"""Connects a job's driver to its Ray cluster."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import ray
from ray._private import ray_constants
from ray._raylet import AuthenticationTokenLoader, Config  # type: ignore[attr-defined]  # absent from the extension's stub

from config.settings import Settings
from imagesearch.errors import StoreUnavailable
from telemetry.fields import always_logged_with

logger = logging.getLogger(__name__)

# A node that takes no connection within this is not there; Ray itself asks it for a quarter of an hour.
CONNECT_S = 5.0


@contextmanager
def connected(settings: Settings) -> Iterator[None]:
    """Join the cluster of RAY_ADDRESS, which a submitted job has, else the one of ray.address.

    None is started here: a cluster that a job brought up for itself would listen on every interface of the machine.
    Raises StoreUnavailable when no cluster is known or none answers.
    """
    address = reached(settings)
    show_token(settings)
    if address.startswith("127.0.0.1:"):
        # Ray takes it for a slip, and asks at the machine's other address, where a node on the loopback address does not listen.
        ray_constants.ENABLE_RAY_CLUSTER = False
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    logger.info("joining the Ray cluster at %s", address)
    try:
        # Ray writes the name of its process before an actor's line, which is then no JSON: it is whole in the actor's own log.
        ray.init(address=address, logging_level=logging.WARNING, log_to_driver=settings.logs.format == "text")
    except ConnectionError as exc:
        raise StoreUnavailable(f"no Ray cluster answers at {address}: {exc}", store="ray") from exc
    always_logged_with(job_id=ray.get_runtime_context().get_job_id())
    logger.info("joined the Ray cluster")
    try:
        yield
    finally:
        ray.shutdown()


def reached(settings: Settings) -> str:
    """Return the cluster's address once something takes connections there; for whoever claims work before joining it.

    Raises StoreUnavailable when no cluster is known or none answers.
    """
    address = os.environ.get("RAY_ADDRESS") or settings.ray.address
    if address is None:
        how = (
            "run `imagesearch up`" if settings.embedded else "set RAY_ADDRESS or IMAGESEARCH_RAY__ADDRESS, or use `ray job submit`"
        )
        raise StoreUnavailable(f"no Ray cluster is known; {how}", store="ray")
    try:
        place = urlsplit(address if "://" in address else f"//{address}")
        host, port = place.hostname, place.port
    except ValueError as exc:
        raise StoreUnavailable(f"no Ray cluster answers at {address}: {exc}", store="ray") from exc
    # Words of Ray's own, like auto, name no port.
    if host is not None and port is not None:
        try:
            socket.create_connection((host, port), CONNECT_S).close()
        except OSError as exc:
            how = "; `imagesearch up` starts one" if settings.embedded else ""
            raise StoreUnavailable(f"no Ray cluster answers at {address}: {exc.strerror or exc}{how}", store="ray") from exc
    return address


def show_token(settings: Settings) -> None:
    """Have this process's Ray clients show the token of the settings; without one Ray's own variables decide."""
    if settings.ray.token_file is not None:
        os.environ.update(RAY_AUTH_MODE="token", RAY_AUTH_TOKEN="", RAY_AUTH_TOKEN_PATH=str(settings.ray.token_file))
        # Ray looked at the variables when it was imported, and keeps the first token that it read.
        Config.initialize("")
        AuthenticationTokenLoader.instance().reset_cache()
