"""Lines of the log: one JSON object each, whatever strangers put into them."""

from __future__ import annotations

import json
import logging
import threading
from contextvars import copy_context
from datetime import UTC, datetime

import pytest

from imagesearch.errors import StoreUnavailable
from telemetry.fields import fields, logged_with
from telemetry.lines import JsonLines, TextLines, WithContext

HOSTILE = 'a\n{"level": "ERROR"}\r\x1b[2J\x00\u2028\ud800ä'
logger = logging.getLogger("imagesearch.tests")


def record(message="words", *args, **attributes):
    made = logging.makeLogRecord({"name": "a.b", "levelno": 30, "levelname": "WARNING", "msg": message, "args": args, **attributes})
    WithContext().filter(made)
    return made


def line(*args, **attributes):
    text = JsonLines().format(record(*args, **attributes))
    assert text.isascii() and text.isprintable()
    return json.loads(text)


def test_a_line_has_its_time_in_utc_its_level_its_logger_and_its_words_first():
    made = line("took %d ms", 3, created=datetime(2026, 1, 2, 3, 4, 5, 678000, UTC).timestamp())
    assert list(made.items())[:4] == [
        ("time", "2026-01-02T03:04:05.678Z"),
        ("level", "WARNING"),
        ("logger", "a.b"),
        ("message", "took 3 ms"),
    ]


def test_what_a_stranger_gave_stays_within_its_line():
    made = line("%s", HOSTILE, path=HOSTILE)
    assert made["message"] == made["path"] == HOSTILE
    assert made["level"] == "WARNING"


def test_no_field_takes_the_place_of_the_words():
    with logged_with(time="never", message="other", level="DEBUG", import_id=3):
        made = line(logger="mine")
    assert (made["message"], made["level"], made["logger"], made["import_id"]) == ("words", "WARNING", "a.b", 3)
    assert made["time"].endswith("Z")


def test_an_error_of_ours_gives_its_code_and_its_traceback_in_one_line():
    try:
        raise StoreUnavailable("down\nand out", store="sql")
    except StoreUnavailable as exc:
        made = line(exc_info=(type(exc), exc, exc.__traceback__))
    assert made["code"] == "store_unavailable"
    assert "Traceback" in made["exception"] and "down\nand out" in made["exception"]


def test_a_value_that_json_does_not_know_is_told_in_words():
    assert line(value={1, 2})["value"] == "{1, 2}"


def test_fields_belong_to_their_block_and_to_threads_that_have_its_context():
    seen = []
    with logged_with(request_id="a"), logged_with(import_id=1):
        context = copy_context()
        for target in (context.run, lambda function: function()):
            thread = threading.Thread(target=target, args=(lambda: seen.append(fields().get("request_id")),))
            thread.start()
            thread.join()
        assert (fields()["request_id"], fields()["import_id"]) == ("a", 1)
    assert seen == ["a", None]
    assert "request_id" not in fields()


def test_a_line_is_of_the_request_in_which_it_was_made_whenever_it_is_written():
    with logged_with(request_id="a"):
        made = record()
    with logged_with(request_id="b"):
        assert json.loads(JsonLines().format(made))["request_id"] == "a"


@pytest.mark.parametrize(("given", "told"), [("abc-1", "abc-1"), ("a -- forged", None)])
def test_serves_own_lines_have_the_callers_id_if_it_is_none_that_could_forge_the_log(given, told):
    assert line(request_id=given).get("request_id") == told
    assert (f" [{told}]" in TextLines().format(record(request_id=given))) == (told is not None)
    with logged_with(request_id="ours"):
        assert line(request_id=given)["request_id"] == "ours"


def test_in_text_the_ids_stand_before_the_words():
    with logged_with(request_id="abc-1"):
        assert TextLines().format(record("progress {}")).endswith("WARNING a.b [abc-1]: progress {}")
    with logged_with(request_ids=["x", "y"]):
        assert TextLines().format(record()).endswith("a.b [x y]: words")
    assert TextLines().format(record()).endswith("a.b: words")


def test_debugging_is_turned_on_for_our_own_lines_alone(logged):
    logger.debug("ours")
    logging.getLogger("botocore.auth").debug("Authorization: secret")
    assert [one["message"] for one in logged()] == ["ours"]
