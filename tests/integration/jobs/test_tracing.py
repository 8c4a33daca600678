"""Traces of jobs: one span for each, and a trace for each batch of a load."""

import pytest

from config.sections import TracingSettings
from imagesearch.errors import StoreUnavailable
from jobs.edge import job_edge
from jobs.loader import bulk_load


@pytest.fixture
def traced(collector):
    """A function that has settings traced by the collector."""
    return lambda settings: settings.model_copy(update={"tracing": TracingSettings(endpoint=collector.endpoint)})


def test_a_load_tells_of_each_batch_and_of_its_stages(collection, joined, collector, traced):
    collection.add(20)
    with bulk_load(traced(collection.settings)) as load:
        report = load.run(lambda _: None)
    assert report.loaded == 20
    batches = [span for span in collector.spans if span.name == "batch"]
    assert sum(batch.attributes["loaded"] for batch in batches) == sum(batch.attributes["rows"] for batch in batches) == 20
    for batch in batches:
        assert (batch.parent, batch.service) == ("", "imagesearch.load")
        parts = [span for span in collector.of(batch.trace) if span.id != batch.id]
        assert [part.name for part in parts] == ["fetch", "embed", "write"]
        assert all(part.parent == batch.id for part in parts)
        # One after the other, and nothing between them.
        ends = [batch.started, *(part.ended for part in parts)]
        assert ends[:-1] == [part.started for part in parts]
        assert ends[-1] <= batch.ended


def test_a_job_is_a_span_that_says_how_it_ended(ray_settings, collector, traced):
    def broken(_):
        raise StoreUnavailable("down", store="sql")

    settings = traced(ray_settings)
    assert job_edge(lambda: settings, lambda _: 1, job="audit") == 1
    assert job_edge(lambda: settings, broken, job="migrate") == 3
    audit, migrate = collector.spans
    assert (audit.name, audit.service, audit.attributes, audit.failed) == ("audit", "imagesearch.job", {"exit_code": 1}, False)
    assert (migrate.name, migrate.failed) == ("migrate", True)
