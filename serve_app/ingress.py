"""The SearchIngress deployment: HTTP in, decoding, stores; the model is behind a handle."""

from __future__ import annotations

import gc
from typing import Any

from fastapi import FastAPI
from ray.serve.handle import DeploymentHandle

from config.settings import Settings
from imagesearch.ports import Embedder
from imagesearch.stores.factory import open_announcer, open_stores
from serve_app.api import create_api
from serve_app.cold_start import ColdStart
from serve_app.handles import RemoteEmbedder
from serve_app.import_reader import RemoteReaders
from serve_app.open_door import bound_host, refuse_open_door
from serve_app.replicas import Replicas
from serve_app.services import Services
from telemetry.logs import log_to_serve
from telemetry.ray_meter import RayMeter
from telemetry.tracing import open_tracer


class SearchIngress:
    """A replica; opens its own stores, and starts while they are down. Raises ConfigError where it would be open to strangers.

    `cold`: the embedder that answers while `embedder` has no replica; None: queries wait for one.
    """

    def __init__(self, settings: Settings, embedder: DeploymentHandle[Any], cold: DeploymentHandle[Any] | None = None) -> None:
        log_to_serve(settings.logs)
        refuse_open_door(settings.auth.keys, bound_host())
        tracer = open_tracer(settings.tracing, "ingress")
        stores = open_stores(settings)
        remote: Embedder = RemoteEmbedder(embedder, stores.fingerprint, settings.search.embed_timeout_s, tracer)
        if cold is not None:
            stand_in = RemoteEmbedder(cold, stores.fingerprint, settings.search.embed_timeout_s, tracer)
            remote = ColdStart(remote, stand_in, Replicas(embedder.deployment_name).running)
        announcer, readers = open_announcer(settings.stream), RemoteReaders(settings)
        self._services = Services(settings, stores, remote, announcer, readers, RayMeter(), tracer)

    def __serve_build_asgi_app__(self) -> FastAPI:
        """Build the application that Serve calls for every request; its shutdown closes the stores."""
        api = create_api(self._services, echoed=True)
        # What is there now, some two hundred thousand objects, stays: a batch of adds spent a quarter of its time on looking
        # through it.
        gc.collect()
        gc.freeze()
        return api

    def check_health(self) -> None:
        """Tell Serve that the replica answers at all. A store that is down is no reason to restart it: /readyz reports that."""
