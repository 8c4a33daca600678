"""What the routes cannot say by their types: bodies of two content types, headers, and problems as answers."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from pydantic.json_schema import models_json_schema

from imagesearch.answers import NotReady, Problem
from serve_app.body import FORM, JSON
from serve_app.queries import SEARCH_BODIES
from serve_app.schemas import AddBatch, AddForm, AddItem, ImagePatch, ImportRequest, Message, RetryRequest

REF = "#/components/schemas/{model}"
BODIES: tuple[type[Message], ...] = (AddForm, AddItem, AddBatch, ImagePatch, ImportRequest, RetryRequest, *SEARCH_BODIES)


def body(*, form: type[Message] | None = None, json: type[Message]) -> dict[str, Any]:
    """Describe a request's body for a route that reads it itself."""
    kinds = {JSON: json} | ({FORM: form} if form else {})
    content = {kind: {"schema": {"$ref": REF.format(model=message.__name__)}} for kind, message in kinds.items()}
    return {"requestBody": {"required": True, "content": content}}


def header(name: str, description: str, pattern: str, example: str) -> dict[str, Any]:
    """Describe a header for a route that reads it itself."""
    schema = {"type": "string", "pattern": pattern, "examples": [example]}
    return {"parameters": [{"name": name, "in": "header", "description": description, "schema": schema}]}


def problems(**described: str) -> dict[int | str, dict[str, Any]]:
    """Describe the problems of a route: `s404="no such picture"`; any other error is a problem as well."""
    statuses: dict[int | str, str] = {int(name.removeprefix("s")): text for name, text in described.items()}
    return {status: _answer(text, Problem) for status, text in ({**statuses, "default": "any other problem"}).items()}


def not_ready() -> dict[int | str, dict[str, Any]]:
    """Describe the answer of a service whose stores do not all answer."""
    return {503: _answer("some stores do not answer", NotReady)}


def _answer(description: str, model: type[Problem]) -> dict[str, Any]:
    schema = {"$ref": REF.format(model=model.__name__)}
    return {"description": description, "content": {"application/problem+json": {"schema": schema}}}


class Api(FastAPI):
    """FastAPI whose OpenAPI document holds the schemas that `body` and `problems` refer to."""

    def openapi(self) -> dict[str, Any]:
        """Return the document, made once."""
        if self.openapi_schema is None:
            document = super().openapi()
            _, requests = models_json_schema([(model, "validation") for model in BODIES], ref_template=REF)
            _, answers = models_json_schema([(Problem, "serialization"), (NotReady, "serialization")], ref_template=REF)
            components = document.setdefault("components", {})
            components.setdefault("schemas", {}).update({**requests["$defs"], **answers["$defs"]})
            # Where keys are off none is needed: the second, empty choice.
            components["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer", "bearerFormat": "isk_..."}}
            document["security"] = [{"key": []}, {}]
        return self.openapi_schema or {}
