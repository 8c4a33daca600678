"""The calls that a page needs: keys of info, an import's news, failures and their second chance."""

import json

import pytest
from sqlalchemy import event

from imagesearch.errors import NotAnImage, SourceNotFound
from imagesearch.imports.progress import progress_of
from imagesearch.stores.sql.import_errors import ImportErrors
from imagesearch.stores.sql.verdicts import Fault
from imagesearch.types import AddRequest
from serve_app import import_views


@pytest.fixture
def fail(service):
    def add(error, *requests):
        rows = service.stores.add_log.append(list(requests))
        service.stores.ledger.commit([], [Fault(row, error) for row in rows], 5)
        return [row.log_id for row in rows]

    return add


async def test_the_keys_of_info_are_those_of_a_namespace_with_kinds_and_few_values(service, picture):
    for seed, info in enumerate(({"label": "cat", "size": 3}, {"label": "dog", "good": True}, {"label": "cat", "size": "small"})):
        await service.added_and_loaded(picture(seed), info=json.dumps(info))
    await service.added_and_loaded(picture(9), info='{"other": 1}', namespace="dogs")
    answer = await service.client.get("/v1/info-keys")
    assert answer.json() == {
        "keys": [
            {"name": "good", "kinds": ["boolean"], "values": []},
            {"name": "label", "kinds": ["text"], "values": ["cat", "dog"]},
            {"name": "size", "kinds": ["number", "text"], "values": ["small"]},
        ]
    }
    assert [one["name"] for one in (await service.client.get("/v1/info-keys?namespace=dogs")).json()["keys"]] == ["other"]
    assert (await service.client.get("/v1/info-keys?namespace=none")).json() == {"keys": []}


async def test_the_keys_of_info_are_asked_of_sql_once_in_a_while(service, picture):
    await service.added_and_loaded(picture(0), info='{"label": "cat"}')
    first = (await service.client.get("/v1/info-keys")).json()
    asked = []
    event.listen(service.stores.database.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    for _ in range(3):
        assert (await service.client.get("/v1/info-keys")).json() == first
    assert [statement for statement in asked if "image_attribute" in statement] == []


async def test_failures_are_listed_page_by_page_and_tried_again(service, fail):
    ids = fail(NotAnImage("broken"), *(AddRequest(f"/{n}.png", {"n": n}) for n in range(3)))
    fail(NotAnImage("broken"), AddRequest("/other.png", namespace="dogs"))
    (lost,) = fail(SourceNotFound("gone"), AddRequest("/gone.png"))
    page = (await service.client.get("/v1/failures?limit=2")).json()
    assert [one["log_id"] for one in page["failures"]] == ids[:2]
    assert page["failures"][0]["error"] == {"code": "not_an_image", "detail": "broken"}
    page = (await service.client.get(page["next"])).json()
    assert ([one["log_id"] for one in page["failures"]], page["next"]) == ([ids[2], lost], None)
    answer = await service.client.post("/v1/failures:retry", json={"code": "source_not_found"})
    assert answer.json() == {"retried": 1, "more": False}
    assert (await service.client.get(f"/v1/add-log/{lost}")).json()["state"] == "pending"
    assert (await service.client.post("/v1/failures:retry", json={})).json() == {"retried": 3, "more": False}
    assert (await service.client.get("/v1/failures")).json() == {"failures": [], "next": None}
    assert len((await service.client.get("/v1/failures?namespace=dogs")).json()["failures"]) == 1


async def test_an_import_s_news_are_what_a_look_at_it_tells_until_nothing_moves(service):
    imports = service.stores.imports
    one = imports.create("default", "/a", owner="nobody")
    imports.cancel(one.import_id)
    answer = await service.client.get(f"/v1/imports/{one.import_id}/events")
    assert answer.headers["content-type"].startswith("text/event-stream")
    name, data = answer.text.strip().split("\n")
    assert name == "event: import"
    view = import_views.view(progress_of(imports, one.import_id), ImportErrors(service.stores.database).first(one.import_id, 20))
    assert json.loads(data.removeprefix("data: ")) == json.loads(view.model_dump_json())
    assert (await service.client.get("/v1/imports/999/events")).json()["code"] == "unknown_import"
