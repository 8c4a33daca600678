"""Lines of a replica: into the handlers that Serve made, whenever it made them."""

from __future__ import annotations

import json
import logging
from logging.handlers import MemoryHandler

import pytest

from config.sections import LogSettings
from telemetry.fields import logged_with
from telemetry.logs import OURS, SERVE, ToServe, log_to_serve

# Ray's own use of Pydantic is behind the times.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:ray")

logger = logging.getLogger("serve_app.tests")


@pytest.fixture(autouse=True)
def loggers_as_they_were():
    names = (SERVE, *OURS)
    before = {name: (list((one := logging.getLogger(name)).handlers), one.level, one.propagate) for name in names}
    yield
    for name, (handlers, level, propagate) in before.items():
        one = logging.getLogger(name)
        one.handlers, one.propagate = handlers, propagate
        one.setLevel(level)


@pytest.fixture
def replica(tmp_path):
    """A function that has Serve set up the log of a replica, and returns the lines of its file."""
    from ray.serve._private.common import ServeComponentType
    from ray.serve._private.logging_utils import configure_component_logger
    from ray.serve.schema import LoggingConfig

    def configure(folder):
        configure_component_logger(
            component_name="Embedder",
            component_id="abc",
            component_type=ServeComponentType.REPLICA,
            logging_config=LoggingConfig(encoding="JSON", logs_dir=str(tmp_path / folder), enable_access_log=False),
            max_bytes=0,
            backup_count=0,
        )
        (file,) = (tmp_path / folder).iterdir()
        return lambda: [json.loads(line) for line in file.read_text().splitlines()]

    yield configure
    close_handlers()


def close_handlers():
    for one in logging.getLogger(SERVE).handlers:
        if isinstance(one, MemoryHandler):
            one.target.close()
        one.close()


def test_our_lines_are_in_serves_file_with_their_request_and_serves_own_look_the_same(replica):
    lines = replica("logs")
    log_to_serve(LogSettings(format="json", level="DEBUG"))
    with logged_with(request_id="abc-1"):
        logger.debug("ours", extra={"pictures": 3})
    logging.getLogger(SERVE).info("serves own")
    ours, own = lines()
    assert (ours["logger"], ours["message"], ours["request_id"], ours["pictures"]) == ("serve_app.tests", "ours", "abc-1", 3)
    assert (own["logger"], own["message"], own["deployment"]) == (SERVE, "serves own", "Embedder")
    assert ours["time"] and own["time"]


def test_handlers_that_serve_makes_anew_are_written_to_as_well(replica):
    replica("before")
    log_to_serve(LogSettings(format="json"))
    close_handlers()
    lines = replica("after")
    logger.info("later")
    assert [(one["message"], one["level"]) for one in lines()] == [("later", "INFO")]


def test_outside_of_a_replica_nothing_changes():
    logging.getLogger(SERVE).handlers = []
    log_to_serve(LogSettings(format="json"))
    assert not any(isinstance(one, ToServe) for one in logging.getLogger("serve_app").handlers)
