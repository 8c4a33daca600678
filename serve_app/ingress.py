"""The SearchIngress deployment: HTTP in, decoding, stores; the model is behind a handle, or in the replica itself."""

from __future__ import annotations

import gc
from typing import Any

from fastapi import FastAPI
from ray.serve.handle import DeploymentHandle

from config.settings import Settings
from imagesearch.ports import Embedder
from imagesearch.stores.factory import open_announcer, open_stores
from imagesearch.types import Fingerprint
from serve_app.api import create_api
from serve_app.cold_start import ColdStart
from serve_app.handles import RemoteEmbedder
from serve_app.import_reader import RemoteReaders
from serve_app.open_door import bound_host, refuse_open_door
from serve_app.passes import CPU_BATCH, Passes, open_passes
from serve_app.replicas import Replicas
from serve_app.services import Services
from telemetry.logs import log_to_serve
from telemetry.ray_meter import RayMeter
from telemetry.soon_meter import SoonMeter
from telemetry.tracing import Tracer, open_tracer


class SearchIngress:
    """A replica; opens its own stores, and starts while they are down. Raises ConfigError where it would be open to strangers.

    `embedder`: where queries are embedded; None: here, `embed_batch` in a pass at most, and what loading the model raises is
    raised. `cold`: the embedder that answers while `embedder` has no replica; None: queries wait for one.
    """

    def __init__(
        self,
        settings: Settings,
        embedder: DeploymentHandle[Any] | None = None,
        cold: DeploymentHandle[Any] | None = None,
        *,
        embed_batch: int = CPU_BATCH,
    ) -> None:
        log_to_serve(settings.logs)
        refuse_open_door(settings.auth.keys, bound_host())
        tracer = open_tracer(settings.tracing, "ingress")
        stores = open_stores(settings)
        meter = SoonMeter(RayMeter())
        self._passes: Passes | None = None
        if embedder is None:
            self._passes = open_passes(settings.model, stores.s3, embed_batch, meter, tracer)
            model: Embedder = self._passes
        else:
            model = _remote(embedder, cold, settings.search.embed_timeout_s, stores.fingerprint, tracer)
        announcer, readers = open_announcer(settings.stream), RemoteReaders(settings)
        self._services = Services(settings, stores, model, announcer, readers, meter, tracer)

    def __serve_build_asgi_app__(self) -> FastAPI:
        """Build the application that Serve calls for every request; its shutdown closes the stores."""
        api = create_api(self._services, echoed=True)
        # What is there now, some two hundred thousand objects, stays: a batch of adds spent a quarter of its time on looking
        # through it.
        gc.collect()
        gc.freeze()
        return api

    def check_health(self) -> None:
        """Tell Serve that the replica answers at all; raise where it runs the model, and its device fails every pass.

        A store that is down is no reason to restart it: /readyz reports that.
        """
        if self._passes is not None:
            self._passes.check_health()


def _remote(
    handle: DeploymentHandle[Any], cold: DeploymentHandle[Any] | None, timeout_s: float, fingerprint: Fingerprint, tracer: Tracer
) -> Embedder:
    embedder = RemoteEmbedder(handle, fingerprint, timeout_s, tracer)
    if cold is None:
        return embedder
    return ColdStart(embedder, RemoteEmbedder(cold, fingerprint, timeout_s, tracer), Replicas(handle.deployment_name).running)
