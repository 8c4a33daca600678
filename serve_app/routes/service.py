"""The service itself: what became of a request, counts, and whether it lives and is ready."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from imagesearch.answers import Health, LogEntry, Readiness, Stats, StoreHealth
from imagesearch.errors import Forbidden, UnknownLog
from imagesearch.keys import Key, Role
from imagesearch.models.registry import takes_text
from serve_app import openapi, views
from serve_app.problems import problem
from serve_app.schemas import Id
from serve_app.services import Services


def service_routes(services: Services) -> APIRouter:
    """Build the routes of the add-log, the counts and the health checks."""
    router = APIRouter(tags=["service"])
    stores = services.stores
    model = str(services.embedder.fingerprint)
    may_add, may_search = Depends(services.gate.needs(Role.ADD)), Depends(services.gate.needs(Role.SEARCH))

    @router.get("/v1/add-log/{log_id}", responses=openapi.problems(s404="no such request", s422="not an id"))
    async def get_add_log(log_id: Id, caller: Key = may_add) -> LogEntry:
        """Tell what became of an add request."""
        row = await services.sql.run(stores.add_log.get, log_id)
        if not caller.sees(row.namespace):
            raise UnknownLog(f"no add request has the log_id {log_id}")
        return views.log_entry(row)

    @router.get("/v1/stats", responses=openapi.problems(s503="a store does not answer"))
    async def get_stats(caller: Key = may_search) -> Stats:
        """Count pictures, vectors and what waits, in all namespaces; for keys that may see them all."""
        if caller.namespaces is not None:
            raise Forbidden("the counts are of all namespaces, and this key may not see them all")
        pictures, vectors, backlog = await asyncio.gather(
            services.sql.run(stores.catalog.count),
            services.milvus.run(stores.index.count),
            services.sql.run(stores.add_log.backlog),
        )
        return Stats(
            pictures=pictures,
            vectors=vectors,
            pending=backlog.pending,
            failed=backlog.failed,
            lag_s=backlog.oldest_pending_s,
            model=model,
            text=takes_text(services.embedder.fingerprint.model),
        )

    @router.get("/healthz")
    async def healthz() -> Health:
        """Tell that the process lives; asks no store."""
        return Health(status="ok")

    @router.get("/readyz", response_model=Readiness, responses=openapi.not_ready())
    async def readyz(request: Request) -> Readiness | Response:
        """Ask every store; 503 names those that do not answer. Never takes much longer than two seconds."""
        pings = await services.pings.all()
        shown = {name: StoreHealth(state="up" if ping.up else "down", ms=ping.ms) for name, ping in pings.items()}
        down = [name for name, ping in pings.items() if not ping.up]
        if not down:
            return Readiness(ready=True, stores=shown)
        states = {name: health.model_dump() for name, health in shown.items()}
        return problem(
            request.scope, 503, "store_unavailable", f"these stores do not answer: {', '.join(down)}", down=down, stores=states
        )

    return router
