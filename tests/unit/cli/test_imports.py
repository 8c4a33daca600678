"""`imagesearch imports`: what the service says of imports, and what it is told."""

import json

import pytest

from imagesearch.import_answers import ImportItem


@pytest.fixture
def answering(service, settings, monkeypatch):
    """A service that the command line finds."""
    monkeypatch.setenv("IMAGESEARCH_HTTP__PORT", str(service.server_port))
    return service


@pytest.fixture
def one():
    """An import as the service tells of it."""
    return {
        "import_id": 7,
        "href": "/v1/imports/7",
        "state": "done",
        "namespace": "cats",
        "source": "/pictures/m.csv",
        "error": None,
        "lines": {"read": 12, "added": 10, "known": 1, "skipped": 1, "bad": 1},
        "total_lines": 12,
        "create_time": "2026-01-02T03:04:05Z",
        "start_time": "2026-01-02T03:04:06Z",
        "read_time": None,
        "finished": False,
        "rows": {"pending": 3, "loaded": 5, "duplicate": 1, "failed": 1},
        "images_per_s": 31.5,
        "eta_s": 0.1,
        "errors": [
            {"line": 4, "log_id": None, "image_path": "", "code": "bad_line", "detail": "no path"},
            {"line": None, "log_id": 9, "image_path": "/x\x1b[2J.jpg", "code": "not_an_image", "detail": "no"},
        ],
    }


def test_imports_are_listed(run, answering, one):
    shown_in_a_list = {name: one[name] for name in ImportItem.model_fields}
    answering.says("/v1/imports", {"imports": [shown_in_a_list, shown_in_a_list], "next": "/v1/imports?limit=1&after=7"})
    words = run("imports", "list", "--limit", 2, "--namespace", "cats").stdout
    assert "/pictures/m.csv" in words
    assert json.loads(run("imports", "list", "--limit", 1, "--json").stdout) == shown_in_a_list
    # No more is asked for than is to be shown.
    assert [path for _, path, _ in answering.seen] == ["/v1/imports?limit=2&namespace=cats", "/v1/imports?limit=1"]


def test_an_import_is_shown_with_its_errors_which_move_no_cursor(run, answering, one):
    answering.says("/v1/imports/7", one)
    result = run("imports", "show", 7)
    assert result.exit_code == 1
    assert "12 of 12" in result.stdout
    assert "line 4" in result.stdout
    assert "log_id 9" in result.stdout
    assert "\x1b[2J" not in result.stdout
    answering.says("/v1/imports/7", {**one, "errors": []})
    assert run("imports", "show", 7, "--json").exit_code == 0


@pytest.mark.parametrize(("verb", "state"), [("pause", "paused"), ("resume", "pending"), ("cancel", "cancelled")])
def test_an_import_is_steered(run, answering, verb, state):
    answering.says(f"/v1/imports/7:{verb}", {"import_id": 7, "state": state, "href": "/v1/imports/7"})
    result = run("imports", verb, 7)
    assert (result.exit_code, result.stdout) == (0, f"import 7 is {state}\n")
    assert answering.seen[-1][0] == "POST"


def test_errors_come_as_csv(run, answering):
    text = "line,log_id,image_path,code,detail\r\n4,,/a,bad_line,no path\r\n"
    answering.says("/v1/imports/7/errors.csv", text.encode(), media_type="text/csv; charset=utf-8")
    assert run("imports", "errors", 7).stdout.splitlines() == text.splitlines()


@pytest.mark.parametrize("words", [("show", 7), ("errors", 7), ("pause", 7)], ids=lambda words: words[0])
def test_what_the_service_refuses_is_told(run, answering, words):
    for path in ("/v1/imports/7", "/v1/imports/7/errors.csv", "/v1/imports/7:pause"):
        answering.refuses(path, 404, "unknown_import", "no import has the id 7")
    result = run("imports", *words)
    assert result.exit_code == 2
    assert "no import has the id 7 (unknown_import)" in result.stderr


def test_a_service_that_is_not_there_is_exit_code_3(run, settings):
    assert run("imports", "list").exit_code == 3
