"""The Ray cluster's dashboard as commands reach it: which one it is, what it serves, and its client's errors translated."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import aiohttp
import requests
from ray.dashboard.modules.serve.sdk import ServeSubmissionClient
from ray.exceptions import AuthenticationError

from config import Settings
from imagesearch.errors import StoreUnavailable
from jobs.cluster import show_token


def dashboard_of(settings: Settings) -> str:
    """Return the dashboard's address and make this process's Ray clients fit for it.

    Raises StoreUnavailable when the settings know no cluster.
    """
    if settings.ray.dashboard is None:
        how = "run `imagesearch up`" if settings.embedded else "set IMAGESEARCH_RAY__DASHBOARD to http://host:port"
        raise StoreUnavailable(f"no Ray cluster is known; {how}", store="ray")
    show_token(settings)
    for variable in ("RAY_ADDRESS", "RAY_API_SERVER_ADDRESS"):
        # Ray would let them win over the address that it is given; here the settings name the cluster.
        os.environ.pop(variable, None)
    return settings.ray.dashboard


def serve_states(settings: Settings) -> dict[str, str]:
    """Return the state of each Serve application, with Serve's reason where there is one. Raises StoreUnavailable."""
    dashboard = dashboard_of(settings)
    with translated(dashboard):
        applications = ServeSubmissionClient(dashboard).get_serve_details().get("applications", {})
    return {name: f"{one['status']} {one.get('message', '')}".strip() for name, one in applications.items()}


@contextmanager
def translated(dashboard: str) -> Iterator[None]:
    """Turn the errors of Ray's HTTP clients into StoreUnavailable."""
    try:
        yield
    except (ConnectionError, requests.ConnectionError, requests.Timeout, aiohttp.ClientError) as exc:
        raise StoreUnavailable(
            f"no Ray cluster answers at {dashboard}; `imagesearch status` tells what runs, `imagesearch up` starts it", store="ray"
        ) from exc
    except (RuntimeError, AuthenticationError, requests.RequestException) as exc:
        # What the clients make of every answer but 200, a token that is asked for among them.
        raise StoreUnavailable(f"the Ray cluster at {dashboard} refused: {exc}", store="ray") from exc
