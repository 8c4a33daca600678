"""Checks of what runs: the Ray cluster with its Serve applications, and the service that they make."""

from __future__ import annotations

from cli.finding import Finding, asked
from cli.ray_dashboard import serve_states
from cli.service import open_client
from config import Settings
from imagesearch.errors import StoreUnavailable


def ray(settings: Settings) -> Finding:
    """Ask the cluster for its applications, each of which should be running."""

    def ask() -> str:
        states = serve_states(settings)
        if not states:
            raise StoreUnavailable("the Ray cluster answers and serves no application", store="ray")
        ill = {name: state for name, state in states.items() if state != "RUNNING"}
        if ill:
            raise StoreUnavailable("; ".join(f"application {name}: {state}" for name, state in ill.items()), store="ray")
        return f"the cluster answers; running: {', '.join(states)}"

    advice = "run `imagesearch up`" if settings.embedded else "`serve deploy serve_config.yaml`, and see `serve status`"
    return asked("ray", ask, advice)


def service(settings: Settings) -> Finding:
    """Ask the service whether every store answers it."""

    def ask() -> str:
        with open_client(settings) as client:
            stores = client.ready().stores
            return f"ready at {client.base_url}: " + ", ".join(f"{name} {one.ms:.0f} ms" for name, one in stores.items())

    advice = "run `imagesearch up`" if settings.embedded else "check IMAGESEARCH_HTTP__HOST and IMAGESEARCH_HTTP__PORT"
    return asked("service", ask, advice)
