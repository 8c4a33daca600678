"""From settings to librdkafka's options, and from its errors to ours."""

from __future__ import annotations

from typing import Any

from confluent_kafka import KafkaError

from config.sections import StreamSettings
from imagesearch.errors import StoreUnavailable

STORE = "stream"


def client_options(settings: StreamSettings, defaults: dict[str, Any], needed: dict[str, Any]) -> dict[str, Any]:
    """Lay the settings' own options over our `defaults`, and over all of them what this client needs to keep its promises."""
    return {
        "client.id": "imagesearch",
        "socket.timeout.ms": _ms(settings.timeout_s),
        # Errors come as callbacks; the library's own lines on stderr would repeat them at every attempt to connect.
        "log_level": 0,
        # A broker that returns is found within seconds.
        "reconnect.backoff.max.ms": 2000,
        **defaults,
        **settings.options,
        **{name: secret.get_secret_value() for name, secret in settings.secrets.items()},
        "bootstrap.servers": ",".join(settings.servers),
        **needed,
    }


def unavailable(error: KafkaError) -> StoreUnavailable:
    """Return our error for one of the library's."""
    return StoreUnavailable(f"the stream does not answer: {error.str()}", store=STORE)


def _ms(seconds: float) -> int:
    return max(1, int(seconds * 1000))
