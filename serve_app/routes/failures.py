"""Add requests that failed: which, why, and their second chance."""

from __future__ import annotations

from functools import partial
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request

from imagesearch.failure_answers import FailurePage, Retried
from imagesearch.keys import Key, Role
from imagesearch.stores.sql.failed import Failed
from serve_app import openapi, views
from serve_app.body import read_json
from serve_app.schemas import FailurePageQuery, RetryRequest
from serve_app.services import Services

# Transactions of 1,000 rows before a call answers.
AT_ONCE = 10


def failure_routes(services: Services) -> APIRouter:
    """Build the routes under /v1/failures."""
    router = APIRouter(tags=["failures"])
    may_add = Depends(services.gate.needs(Role.ADD))

    @router.get("/v1/failures", responses=openapi.problems(s422="a parameter is wrong"))
    async def list_failures(page: Annotated[FailurePageQuery, Query()], caller: Key = may_add) -> FailurePage:
        """List a namespace's add requests that failed and can be tried again, by log_id; follow `next` until it is null."""
        caller.check_namespace(page.namespace)
        failed = Failed(services.stores.database, namespace=page.namespace)
        rows = await services.sql.run(failed.page, page.after, page.limit + 1)
        shown = rows[: page.limit]
        following = None
        if len(rows) > page.limit:
            parameters = {"limit": page.limit, "after": shown[-1].log_id, "namespace": page.namespace}
            following = f"/v1/failures?{urlencode(parameters)}"
        return FailurePage(failures=[views.log_entry(row) for row in shown], next=following)

    @router.post(
        "/v1/failures:retry",
        openapi_extra=openapi.body(json=RetryRequest),
        responses=openapi.problems(s422="a field is wrong"),
    )
    async def retry_failures(request: Request, caller: Key = may_add) -> Retried:
        """Have failed add requests wait for a loader again, as if they had never been tried; call again while there are `more`."""
        wanted = await read_json(request, RetryRequest)
        caller.check_namespace(wanted.namespace)
        failed = Failed(services.stores.database, wanted.import_id, wanted.namespace, wanted.code)
        count, after = 0, 0
        for _ in range(AT_ONCE):
            done = await services.sql.run(partial(failed.retry, after))
            if done is None:
                return Retried(retried=count, more=False)
            after, changed = done
            count += changed
        return Retried(retried=count, more=True)

    return router
