"""Search by pictures or words, and compare two."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from imagesearch.answers import Comparison, SearchAnswer, TimingView
from imagesearch.info_answers import InfoKeyList
from imagesearch.keys import Key, Role
from imagesearch.metrics import STAGE_SECONDS
from serve_app import openapi, views
from serve_app.body import read_form_or_json
from serve_app.deadline import HEADER, MILLISECONDS, deadline
from serve_app.info_keys import KnownInfoKeys
from serve_app.places import Places
from serve_app.queries import CompareForm, CompareQuery, SearchForm, SearchQuery
from serve_app.schemas import InfoKeysQuery
from serve_app.search import SearchService
from serve_app.services import Services
from serve_app.timing import server_timing

PROBLEMS = openapi.problems(
    s403="image_path lies outside of what may be read",
    s404="no such picture, file, add request or namespace",
    s409="the recall that is asked for was never measured",
    s413="too many bytes or pixels",
    s415="not a picture, or not a content type that is taken",
    s422="a field is wrong, or the model takes no text",
    s429="too many searches are in hand, or the model or a store has too much to do",
    s503="a store or the model does not answer, or the add request that the search waits for is not loaded yet",
    s504="the time was over: the caller's X-Timeout-Ms, or search.timeout_s",
)
TIMEOUT = openapi.header(HEADER, "milliseconds after which the search is given up", f"^{MILLISECONDS.pattern}$", "10000")


def search_routes(services: Services) -> APIRouter:
    """Build the routes /v1/search and /v1/compare."""
    router = APIRouter(tags=["search"])
    searching = SearchService(services)
    places = Places(services.at_once)
    info_keys = KnownInfoKeys(services)
    model = str(services.embedder.fingerprint)
    may_search = Depends(services.gate.needs(Role.SEARCH))

    def timed(response: Response, timing_ms: Mapping[str, float]) -> None:
        response.headers["Server-Timing"] = server_timing(timing_ms)
        for stage, ms in timing_ms.items():
            services.meter.record(STAGE_SECONDS, ms / 1000, stage=stage)

    @router.post("/v1/search", openapi_extra=openapi.body(form=SearchForm, json=SearchQuery) | TIMEOUT, responses=PROBLEMS)
    async def search(request: Request, response: Response, caller: Key = may_search) -> SearchAnswer:
        """Find the pictures nearest to the one in the form, or to what the JSON names."""
        places.check()
        query = await read_form_or_json(request, SearchForm, SearchQuery)
        caller.check_namespace(query.namespace)
        with places.one():
            async with deadline(request, services.timeout_s):
                found = await searching.search(query, caller)
        timed(response, found.timing_ms)
        return views.search_answer(found, model, services.milvus_settings)

    @router.post("/v1/compare", openapi_extra=openapi.body(form=CompareForm, json=CompareQuery) | TIMEOUT, responses=PROBLEMS)
    async def compare(request: Request, response: Response, caller: Key = may_search) -> Comparison:
        """Say how alike two pictures are, or a picture and a text: the cosine similarity of their vectors."""
        places.check()
        query = await read_form_or_json(request, CompareForm, CompareQuery)
        with places.one():
            async with deadline(request, services.timeout_s):
                score, timing_ms = await searching.compare(query, caller)
        timed(response, timing_ms)
        return Comparison(score=score, timing_ms=TimingView(**timing_ms), model=model)

    @router.get("/v1/info-keys", responses=openapi.problems(s422="a parameter is wrong"))
    async def list_info_keys(query: Annotated[InfoKeysQuery, Query()], caller: Key = may_search) -> InfoKeyList:
        """List the keys of `info` that pictures of a namespace have, to build a `filter` of, ten seconds old at most."""
        caller.check_namespace(query.namespace)
        return await info_keys.of(query.namespace)

    return router
