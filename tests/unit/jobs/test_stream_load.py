"""The edge of the job that loads from the stream."""

import os

import pytest

from jobs.stream_load import main


@pytest.fixture(autouse=True)
def own_environment(monkeypatch, tmp_path):
    for name in [name for name in os.environ if name.startswith(("IMAGESEARCH_", "RAY_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("IMAGESEARCH_HOME", str(tmp_path))


def test_without_a_stream_the_job_says_so_before_it_joins_a_cluster(caplog):
    assert main([]) == 2
    assert "IMAGESEARCH_STREAM__KIND" in caplog.text


def test_options_that_the_client_does_not_take_are_wrong_use(caplog, monkeypatch):
    monkeypatch.setenv("IMAGESEARCH_STREAM__KIND", "kafka")
    monkeypatch.setenv("IMAGESEARCH_STREAM__SERVERS", '["127.0.0.1:1"]')
    monkeypatch.setenv("IMAGESEARCH_STREAM__OPTIONS", '{"security.protocl": "SSL"}')
    assert main([]) == 2
    assert "security.protocl" in caplog.text
