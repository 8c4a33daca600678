"""From errors to problems."""

from __future__ import annotations

import json

import pytest

from imagesearch import errors
from imagesearch.errors import ImageSearchError
from serve_app.problems import STATUS, problem, problem_of, status_of

SCOPE = {"type": "http", "state": {"request_id": "r1"}}


def tree(kind=ImageSearchError):
    yield kind
    for below in kind.__subclasses__():
        if below.__module__ == errors.__name__:
            yield from tree(below)


def body(response):
    return json.loads(response.body)


@pytest.mark.parametrize("kind", list(tree()), ids=lambda kind: kind.__name__)
def test_every_error_of_the_tree_becomes_a_problem_with_its_own_code(kind):
    response = problem_of(SCOPE, kind("what happened"))
    assert response.status_code == status_of(kind("x")) >= 400
    assert response.headers["content-type"] == "application/problem+json"
    assert {"type", "title", "status", "detail", "code", "request_id"} <= body(response).keys()
    assert body(response)["code"] == kind.code
    assert body(response)["status"] == response.status_code


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.InputError("x"), 422),
        (errors.MalformedJson("x"), 400),
        (errors.BodyTooLarge("x"), 413),
        (errors.BodyTooSlow("x"), 408),
        (errors.UnknownImage("x"), 404),
        (errors.IdempotencyConflict("x"), 409),
        (errors.EmptyImage("x"), 415),
        (errors.NotAnImage("x"), 415),
        (errors.TruncatedImage("x"), 422),
        (errors.TooManyPixels("x"), 413),
        (errors.SourceForbidden("x"), 403),
        (errors.SourceTimeout("x"), 504),
        (errors.SourceUnavailable("x"), 502),
        (errors.WeightsNotFound("x"), 500),
        (errors.StoreUnavailable("x"), 503),
        (errors.Overloaded("x"), 429),
        (errors.ConfigError("x"), 500),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, ImageSearchError) else str(value),
)
def test_the_status_says_whose_fault_it_is(error, status):
    assert status_of(error) == status


def test_an_error_class_that_the_table_does_not_name_has_the_status_of_its_nearest_ancestor():
    class Rotated(errors.TruncatedImage):
        code = "rotated"

    assert errors.TruncatedImage not in STATUS and status_of(Rotated("x")) == STATUS[errors.ImageError]


@pytest.mark.parametrize("error", [errors.Overloaded("x"), errors.StoreUnavailable("x", store="sql"), errors.StoreBusy("x")])
def test_who_should_come_back_is_told_when(error):
    assert int(problem_of(SCOPE, error).headers["retry-after"]) > 0


@pytest.mark.parametrize(
    "error",
    [
        errors.StoreUnavailable("10.0.0.7", store="sql"),
        errors.StoreError("10.0.0.7"),
        errors.ConfigError("10.0.0.7"),
    ],
)
def test_nothing_of_our_own_machines_is_told_but_all_of_it_is_logged(error, caplog):
    response = problem_of(SCOPE, error)
    assert b"10.0.0.7" not in response.body
    assert "10.0.0.7" in caplog.text
    assert [one.code for one in caplog.records] == [error.code]


def test_wrong_fields_are_listed():
    wrong = [{"field": "top_k", "message": "too large"}]
    assert body(problem_of(SCOPE, errors.InputError("top_k: too large", errors=wrong)))["errors"] == wrong


def test_text_that_utf8_cannot_carry_is_still_answered():
    assert body(problem(SCOPE, 422, "invalid_request", "\ud800"))["detail"] == "\ud800"
