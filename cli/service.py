"""The service that the settings name, as commands call it."""

from __future__ import annotations

from config import Settings
from imagesearch.client import Client, Retry

# Somebody sits and waits.
PATIENCE = Retry(total_s=15.0)


def open_client(settings: Settings, retry: Retry = PATIENCE) -> Client:
    """Return a client of the service that the settings name, as patient as `retry` says.

    Raises ConfigError for a host or a key that cannot be one.
    """
    host = f"[{settings.http.host}]" if ":" in settings.http.host else settings.http.host
    api_key = settings.api_key.get_secret_value() if settings.api_key else None
    return Client(f"http://{host}:{settings.http.port}", api_key, max_bytes=settings.images.max_bytes, retry=retry)
