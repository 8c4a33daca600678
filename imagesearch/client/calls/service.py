"""The service itself: its counts, whether it lives and is ready."""

from __future__ import annotations

from imagesearch.answers import Health, Readiness, Stats
from imagesearch.client.call import Call
from imagesearch.client.reading import model


def stats() -> Call[Stats]:
    """Count pictures, vectors and what waits, in all namespaces."""
    return Call("GET", "/v1/stats", model(Stats), repeatable=True)


def health() -> Call[Health]:
    """Tell that the service lives; no store is asked. Asked once: it is how things are now that is wanted."""
    return Call("GET", "/healthz", model(Health), repeatable=True, patient=False)


def ready() -> Call[Readiness]:
    """Tell how every store answers. Asked once. Raises StoreUnavailable where one does not; its data have `down` and `stores`."""
    return Call("GET", "/readyz", model(Readiness), repeatable=True, patient=False)
