"""Search by a picture."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request

from imagesearch.keys import Key, Role
from serve_app import openapi, views
from serve_app.answers import SearchAnswer, TimingView
from serve_app.body import read_form_or_json
from serve_app.schemas import SearchForm, SearchQuery
from serve_app.search import SearchService
from serve_app.services import Services


def search_routes(services: Services) -> APIRouter:
    """Build the route /v1/search."""
    router = APIRouter(tags=["search"])
    searching = SearchService(services)
    model = str(services.embedder.fingerprint)
    may_search = Depends(services.gate.needs(Role.SEARCH))

    @router.post(
        "/v1/search",
        openapi_extra=openapi.body(form=SearchForm, json=SearchQuery),
        responses=openapi.problems(
            s403="image_path lies outside of what may be read",
            s404="no such picture, file or namespace",
            s413="too many bytes or pixels",
            s415="not a picture, or not a content type that is taken",
            s422="a field is wrong",
            s429="the model has too much to do",
            s503="a store or the model does not answer",
        ),
    )
    async def search(request: Request, caller: Key = may_search) -> SearchAnswer:
        """Find the pictures nearest to the one in the form, or to the one that the JSON names."""
        query = await read_form_or_json(request, SearchForm, SearchQuery)
        caller.check_namespace(query.namespace)
        found = await searching.search(query, caller)
        return SearchAnswer(
            hits=[views.hit(score, entry) for score, entry in found.hits],
            timing_ms=TimingView(**found.timing_ms),
            model=model,
            dropped=found.ranking.dropped,
            ranking=views.ranking(found.ranking),
        )

    return router
