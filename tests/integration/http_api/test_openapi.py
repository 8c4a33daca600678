"""Requests made from the service's own OpenAPI document, right ones and wrong ones: each answer is one that the document shows."""

from __future__ import annotations

import asyncio

import pytest
import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import Failure
from schemathesis.engine import events, from_schema

from tests.fixtures.fresh_stores import fresh
from tests.fixtures.refusals import PROBLEM

SEARCHES = ["/v1/search", "/v1/compare"]
FORMS = [*SEARCHES, "/v1/images"]
ACTIONS = [f"/v1/imports/{{import_id}}:{action}" for action in ("pause", "resume", "cancel")]
OFF = {"enabled": False}
TAKES_WRONG = {"checks": {"negative_data_rejection": OFF}}

CONFIG = {
    # Without keys it answers to its machine's own names.
    "base-url": "http://127.0.0.1",
    # The same requests in each run.
    "seed": 4,
    "generation": {"deterministic": True, "max-examples": 60},
    "phases": {"coverage": {"generate-duplicate-query-parameters": True}},
    "operations": [
        # A schema cannot say that bytes are a picture, that a file exists, or how large an integer JSON may hold here.
        {"include-method": ["POST", "PATCH"], "checks": {"positive_data_acceptance": OFF}},
        # A bad item is refused alone, in an answer that is none.
        {"include-path": "/v1/images:batch", **TAKES_WRONG},
        # In a form the number 0 is the text "0", and an empty list is nothing: what was made wrong may arrive as right.
        {"include-path": FORMS, "include-method": "POST", "phases": {"fuzzing": TAKES_WRONG, "stateful": TAKES_WRONG}},
        # A caller may give less time than anything takes, or wait for what is not loaded yet: what else is 503 is judged below.
        {"include-path": SEARCHES, "checks": {"not_a_server_error": {"expected-statuses": ["2xx", "4xx", "503", "504"]}}},
        # GET of "1:pause" asks for an import, and that is no id: 422, not 405.
        {"include-path": ACTIONS, "checks": {"unsupported_method": OFF}},
    ],
}


@schemathesis.check
def errors_are_problems(_context, response, case):
    kind = response.headers.get("content-type")
    if response.status_code >= 400 and kind != [PROBLEM]:
        raise Failure(operation=case.operation.label, title="No problem", message=f"{response.status_code}, {kind}")


@schemathesis.check
def nothing_is_down(_context, response, case):
    if response.status_code == 503 and response.json()["code"] != "not_loaded_yet":
        raise Failure(operation=case.operation.label, title="A store is down", message=str(response.json()))


@pytest.fixture
def document(open_service, milvus_lite_uri, picture):
    """The document of a service that has some pictures and an import."""
    service = open_service(milvus_lite_uri)
    fresh(service.settings, service.stores.fingerprint.collection)

    async def fill():
        for seed in range(4):
            await service.added_and_loaded(picture(seed), info='{"label": "cat"}')
        answer = await service.client.post("/v1/imports", json={"source": str(service.folder)})
        assert answer.status_code == 202, answer.text

    asyncio.run(fill())
    return schemathesis.openapi.from_asgi("/openapi.json", service.api, config=SchemathesisConfig.from_dict(CONFIG))


def wrong_of(recorder):
    """The checks that failed, each with the request that it failed for."""
    for case_id, checks in recorder.checks.items():
        for check in checks:
            if check.failure_info is not None:
                asked = recorder.interactions[case_id].request
                yield check.name, f"{asked.method} {asked.uri}", asked.body, check.failure_info.failure.message


def test_every_answer_is_one_that_the_document_shows(document):
    failed, answered = [], set()
    for event in from_schema(document).execute():
        if isinstance(event, events.ScenarioFinished):
            failed.extend(wrong_of(event.recorder))
            answered |= {(event.recorder.label, one.response.status_code) for one in event.recorder.interactions.values()}
        assert not isinstance(event, events.NonFatalError | events.FatalError), event
    assert failed == []
    operations = {result.ok().label for result in document.get_all_operations()}
    # Each was carried out, if only to find that there is no such picture, or that the import is over already.
    assert {label for label, status in answered if status < 300 or status in (404, 409)} >= operations
