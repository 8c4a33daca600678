"""How a deployment's replicas are, as Serve's controller tells over the dashboard."""

from __future__ import annotations

from typing import Any

from ray.dashboard.modules.serve.sdk import ServeSubmissionClient

from cli.ray_dashboard import dashboard_of, translated
from config import Settings

APPLICATION = "imagesearch"


def states_of(settings: Settings, deployment: str) -> list[str]:
    """Return the state of each replica, those that start or end included. Raises StoreUnavailable."""
    return [one["state"] for one in details(settings)["applications"][APPLICATION]["deployments"][deployment]["replicas"]]


def details(settings: Settings) -> dict[str, Any]:
    """Return all that Serve tells of itself; little before it runs. Raises StoreUnavailable."""
    dashboard = dashboard_of(settings)
    with translated(dashboard):
        return dict(ServeSubmissionClient(dashboard).get_serve_details())
