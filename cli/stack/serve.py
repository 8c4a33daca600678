"""Deploys the service on the local node: serve_config.yaml with the profile's overrides laid on it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import yaml
from ray.dashboard.modules.serve.sdk import ServeSubmissionClient

from cli.ray_dashboard import dashboard_of, translated
from cli.stack.ports import listens
from config.settings import PROJECT_ROOT, Settings, merge
from imagesearch.errors import ConfigError, StoreUnavailable

CONFIG = PROJECT_ROOT / "serve_config.yaml"
EMBEDDER = "Embedder"
# Imports, the controller, the proxy and a model: 20 s here, several times that on a busy machine.
TIMEOUT_S = 240.0


def local_config(settings: Settings, port: int, path: Path = CONFIG) -> dict[str, Any]:
    """Return the deployed configuration: the file's, with the profile's deployments, host, port and kind of log.

    Raises ConfigError when the settings override a deployment that the file does not have.
    """
    config: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    config["proxy_location"] = "HeadOnly"
    config["http_options"] = {**config["http_options"], "host": settings.http.host, "port": port}
    config["logging_config"] = {**config["logging_config"], "encoding": settings.logs.format.upper()}
    (application,) = config["applications"]
    # Serve builds the application anew only where what it is told differs.
    model = settings.model
    told = (model.name, model.weights, model.pooling, model.resize, model.input_size)
    words = " ".join(str(one) for one in told if one is not None)
    application["args"] |= {"profile": settings.profile, "model": words}
    by_name = {deployment["name"]: deployment for deployment in application["deployments"]}
    for name, override in settings.serve.deployments.items():
        if name not in by_name:
            raise ConfigError(f"serve.deployments names {name!r}; serve_config.yaml has {', '.join(by_name)}")
        by_name[name] = {key: value for key, value in merge(by_name[name], override).items() if value is not None}
    # Whoever asks for a stand-in while an Embedder is cold asks for one.
    if settings.serve.embedder == "ingress" and settings.search.cold_start == "wait":
        application["args"]["embedder"] = "ingress"
        # Serve refuses to be told of a deployment that the application does not have.
        del by_name[EMBEDDER]
    application["deployments"] = list(by_name.values())
    return config


def deploy(settings: Settings, port: int) -> None:
    """Deploy and wait until the service runs; deploying what runs already changes nothing.

    Raises ConfigError when the port is taken, StoreUnavailable with Serve's own words when the service does not come up.
    """
    config = local_config(settings, port)
    (name,) = (application["name"] for application in config["applications"])
    dashboard = dashboard_of(settings)
    with translated(dashboard):
        client = ServeSubmissionClient(dashboard)
        if not _applications(client):
            refuse_taken(port)
        client.deploy_applications(config)
        end = time.monotonic() + TIMEOUT_S
        while True:
            application = _applications(client).get(name, {"status": "NOT_STARTED"})
            if application["status"] == "RUNNING":
                return
            if application["status"] == "DEPLOY_FAILED":
                raise StoreUnavailable(f"the service did not start: {_reasons(application)}", store="serve")
            if time.monotonic() > end:
                raise StoreUnavailable(
                    f"the service was not running after {TIMEOUT_S:.0f} s: {_reasons(application)}", store="serve"
                )
            time.sleep(0.2)


def refuse_taken(port: int) -> None:
    """Raise ConfigError when another program has the port."""
    if listens(port):
        raise ConfigError(f"port {port} is taken by another program; choose one with PORT=NUMBER or --port NUMBER")


def _applications(client: ServeSubmissionClient) -> dict[str, Any]:
    return dict(client.get_serve_details().get("applications", {}))


def _reasons(application: dict[str, Any]) -> str:
    words = [application.get("message", ""), *(one.get("message", "") for one in application.get("deployments", {}).values())]
    return "\n".join(word for word in words if word) or application["status"]
