"""`imagesearch load`: the numbers in a job's log, the codes of its end, and clusters that are not there."""

import json

import pytest
from ray.job_submission import JobDetails

from cli.bulk_job import BulkJob, Lines, exit_code_of
from cli.commands.load import report_in
from imagesearch.errors import ImageSearchError, StoreUnavailable

NUMBERS = '{"read": 3, "loaded": 1, "duplicate": 1, "failed": 1, "seconds": 2.5, "images_per_s": 1.2}'


IN_JSON = json.dumps({"time": "2026-01-01T00:00:00.000Z", "level": "INFO", "message": f"progress {NUMBERS}", **json.loads(NUMBERS)})


@pytest.mark.parametrize("line", [NUMBERS, f"2026-01-01 00:00:00,000 INFO __main__: progress {NUMBERS}", IN_JSON])
def test_the_numbers_of_progress_and_of_the_last_line_are_read_and_nothing_else(line):
    assert report_in(line) == json.loads(NUMBERS)


@pytest.mark.parametrize(
    "line",
    ["", "INFO x: loading", ": progress {", ": progress []", "{}", '{"read": 1}', NUMBERS.replace("3", '"3"'), "[" * 100_000, "12"],
)
def test_other_lines_are_words(line):
    assert report_in(line) is None


def test_lines_are_whole_however_the_log_is_cut():
    heard = []
    lines = Lines(heard.append)
    for chunk in ("on", "e\ntwo", "\n\nth", "ree\n"):
        lines.feed(chunk)
    assert heard == ["one", "two", "three"]
    assert lines.fed == len("one\ntwo\n\nthree\n")


def details(status, code=None):
    return JobDetails(type="SUBMISSION", status=status, entrypoint="python", driver_exit_code=code, message="why")


@pytest.mark.parametrize(
    ("status", "code", "expected"), [("SUCCEEDED", 0, 0), ("FAILED", 1, 1), ("FAILED", 2, 2), ("FAILED", 3, 3)]
)
def test_the_exit_code_of_the_job_is_the_command_s(status, code, expected):
    assert exit_code_of(details(status, code)) == expected


@pytest.mark.parametrize(("status", "code"), [("STOPPED", None), ("FAILED", None), ("FAILED", 137), ("FAILED", -9)])
def test_a_job_that_was_stopped_or_killed_is_an_error_that_says_so(status, code):
    with pytest.raises(ImageSearchError, match=f"{status}: why"):
        exit_code_of(details(status, code))


@pytest.mark.parametrize("variable", ["RAY_ADDRESS", "RAY_API_SERVER_ADDRESS"])
def test_the_settings_name_the_cluster_and_not_another_project_s_variable(settings, service, nobody, monkeypatch, variable):
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    monkeypatch.setenv(variable, service.url)
    ray = settings.ray.model_copy(update={"dashboard": f"http://127.0.0.1:{nobody}"})
    with pytest.raises(StoreUnavailable, match=f"no Ray cluster answers at http://127.0.0.1:{nobody}"):
        BulkJob(settings.model_copy(update={"ray": ray}))
    assert not service.seen


def test_a_program_that_is_no_dashboard_is_told(settings, service, monkeypatch):
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    ray = settings.ray.model_copy(update={"dashboard": service.url})
    with pytest.raises(StoreUnavailable, match="refused"):
        BulkJob(settings.model_copy(update={"ray": ray}))
