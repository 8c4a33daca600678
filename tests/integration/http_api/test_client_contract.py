"""The client speaks the whole contract and nothing beside it: its calls against the service's own description of itself."""

import re

import pytest

from imagesearch import answers, failure_answers, import_answers, info_answers
from imagesearch.client import NewImage, PictureQuery, Region, WeightedQuery
from imagesearch.client.calls import adding, failing, importing, pictures, searching, service

REGION = Region(0, 0, 1, 1)
PICTURE = {"image_path": "/a.jpg", "milvus_id": 1, "vector": [1.0], "text": "a", "region": REGION}
OPTIONS = {"top_k": 1, "offset": 1, "min_score": 0.1, "namespace": "a", "filter": {"a": 1}, "recall": 0.9, "log_id": 1}
WAYS = {"flips": True, "group": True, "exact": True, "verify": "auto"}
KEYED = {"info": {"a": 1}, "namespace": "a", "idempotency_key": "k"}
QUERY = WeightedQuery(file=b"a", weight=2.0, **PICTURE)

# Each call with all that it can be given; a body's schema by the way it is sent.
CALLS = [
    (adding.add(b"a", **KEYED), "AddForm"),
    (adding.add(image_path="/a.jpg", **KEYED), "AddItem"),
    (adding.add_batch([NewImage("/a.jpg", **KEYED)]), "AddBatch"),
    (adding.add_log(1), None),
    (pictures.images("a", page=1, after=1), None),
    (pictures.image(1), None),
    (pictures.thumbnail(1, 16), None),
    (pictures.patch(1, {"a": None}, log_id=1), "ImagePatch"),
    (pictures.delete(1), None),
    (searching.search(b"a", region=REGION, **OPTIONS, **WAYS), "SearchForm"),
    (searching.search(**PICTURE, queries=[QUERY], **OPTIONS, **WAYS), "SearchQuery"),
    (searching.compare(b"a", b"b"), "CompareForm"),
    (searching.compare(PictureQuery(milvus_id=1), b"b"), "CompareQuery"),
    (importing.add_import("/a", "a", idempotency_key="k"), "ImportRequest"),
    (importing.imports("a", page=1, after=1), None),
    (importing.import_of(1), None),
    (importing.pause_import(1), None),
    (importing.resume_import(1), None),
    (importing.cancel_import(1), None),
    (importing.import_errors(1), None),
    (importing.import_events(1), None),
    (failing.failures("a", page=1, after=1), None),
    (failing.retry_failures("a", import_id=1, code="c"), "RetryRequest"),
    (searching.info_keys("a"), None),
    (service.stats(), None),
    (service.health(), None),
    (service.ready(), None),
]
# In JSON the bytes of a picture to search by are those of one of several; `consistency` says again what log_id says.
NOT_OF_ITS_OWN = {"SearchQuery": {"image_base64", "consistency"}, "SearchForm": {"consistency"}}


@pytest.fixture
def document(service):
    return service.api.openapi()


def template(path):
    return re.sub(r"/\d+", "/{id}", path)


def operations(document):
    """Every operation of the service, by its method and its path, whatever its ids are called."""
    return {
        (method.upper(), re.sub(r"\{\w+\}", "{id}", path)): operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def test_every_operation_has_a_call_and_every_call_an_operation(document):
    assert {(call.method, template(call.path)) for call, _ in CALLS} == operations(document).keys()


def test_every_parameter_is_sent_and_none_is_invented(document):
    for call, _ in CALLS:
        declared = operations(document)[call.method, template(call.path)].get("parameters", [])
        assert call.query.keys() == {one["name"] for one in declared if one["in"] == "query"}, call.path


def test_every_field_of_every_body_is_sent_and_none_is_invented(document):
    schemas = document["components"]["schemas"]
    for call, schema in CALLS:
        sent = {**(call.form or {}), **(call.json or {})}
        known = schemas[schema]["properties"].keys() if schema else set()
        assert sent.keys() == known - NOT_OF_ITS_OWN.get(schema, set()), (call.path, schema)
    for one, schema in ((QUERY, "WeightedQuery"), (PictureQuery(file=b"a", **PICTURE), "PictureQuery")):
        assert one.members().keys() == schemas[schema]["properties"].keys()
    assert REGION.__slots__ == tuple(schemas["Region"]["properties"])
    assert NewImage("/a.jpg", **KEYED).members().keys() == schemas["AddItem"]["properties"].keys()
    assert {schema for _, schema in CALLS if schema} == {
        content["schema"]["$ref"].rpartition("/")[2]
        for operation in operations(document).values()
        for content in operation.get("requestBody", {}).get("content", {}).values()
    }


def test_what_is_left_out_is_what_the_service_would_have_taken(document):
    schemas = document["components"]["schemas"]
    for call, schema in (
        (searching.search(), "SearchQuery"),
        (searching.search(b"a"), "SearchForm"),
        (adding.add(b"a"), "AddForm"),
        (importing.add_import("/a"), "ImportRequest"),
    ):
        for name, value in {**(call.form or {}), **(call.json or {})}.items():
            assert schemas[schema]["properties"][name].get("default", value) == value, (schema, name)
    for call in (pictures.images(), pictures.thumbnail(1), importing.imports()):
        for one in operations(document)["GET", template(call.path)]["parameters"]:
            if one["in"] == "query":
                assert one["schema"].get("default") == call.query.get(one["name"]), (call.path, one)


def test_every_answer_is_one_of_the_models_that_both_sides_share(document):
    models = {
        name
        for module in (answers, failure_answers, import_answers, info_answers)
        for name, one in vars(module).items()
        if isinstance(one, type) and issubclass(one, answers.Answer)
    }
    answered = {
        content["schema"]["$ref"].rpartition("/")[2]
        for operation in operations(document).values()
        for status, response in operation["responses"].items()
        if status.startswith("2")
        for kind, content in response.get("content", {}).items()
        if kind == "application/json"
    }
    assert answered and answered <= models
