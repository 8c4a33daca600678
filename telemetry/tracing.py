"""Spans of what a request or a batch goes through; whether anybody gathers them is the business of a Tracer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import NamedTuple, Protocol

from config.sections import TracingSettings
from imagesearch.errors import ConfigError

Attribute = str | int | float | bool


class Span(Protocol):
    """A stretch of work that is going on."""

    def name(self, name: str) -> None:
        """Call it otherwise: the route of a request is known late."""

    def set(self, **attributes: Attribute) -> None:
        """Say more of it; `a__b` is the attribute a.b."""


class Part(NamedTuple):
    """A part of something that is over; times by time.time_ns."""

    name: str
    started_ns: int
    ended_ns: int


class Tracer(Protocol):
    """Takes spans. Never waits; a collector that is down costs no request anything. Thread-safe."""

    def span(self, name: str, **attributes: Attribute) -> AbstractContextManager[Span]:
        """Trace the block, as a part of what this context does; an error that leaves it marks the span."""

    def served(self, name: str, carried: Mapping[str, str]) -> AbstractContextManager[Span]:
        """Trace the block, as a part of what the caller does by the W3C `traceparent` that it sent, if it did."""

    def past(self, name: str, started_ns: int, **attributes: Attribute) -> None:
        """Tell of a part of what this context does that began then, by time.time_ns, and ends now."""

    def whole(self, name: str, started_ns: int, parts: Sequence[Part], **attributes: Attribute) -> None:
        """Tell of something that began then and ends now, and of its parts: a trace of its own, whatever else is going on."""

    def carried(self) -> dict[str, str]:
        """Return what `served` takes at the other end."""

    def close(self) -> None:
        """Send what is left, for up to half a minute."""


class _NoSpan:
    def name(self, name: str) -> None:
        pass

    def set(self, **attributes: Attribute) -> None:
        pass


_NOTHING: AbstractContextManager[Span] = nullcontext(_NoSpan())


class Untraced:
    """A tracer that nobody reads."""

    def span(self, name: str, **attributes: Attribute) -> AbstractContextManager[Span]:
        """Trace nothing."""
        return _NOTHING

    def served(self, name: str, carried: Mapping[str, str]) -> AbstractContextManager[Span]:
        """Trace nothing."""
        return _NOTHING

    def past(self, name: str, started_ns: int, **attributes: Attribute) -> None:
        """Forget it."""

    def whole(self, name: str, started_ns: int, parts: Sequence[Part], **attributes: Attribute) -> None:
        """Forget it."""

    def carried(self) -> dict[str, str]:
        """Return nothing."""
        return {}

    def close(self) -> None:
        """Have nothing to send."""


def open_tracer(settings: TracingSettings, service: str) -> Tracer:
    """Return the tracer of a process, named after its `service`. Raises ConfigError where the exporter is not installed."""
    if settings.endpoint is None:
        return Untraced()
    try:
        # Where nothing is traced, the exporter is not even imported.
        from telemetry.otlp import OtlpTracer
    except ImportError as exc:
        raise ConfigError(
            f"tracing.endpoint (IMAGESEARCH_TRACING__ENDPOINT) is set and {exc.name} is not installed: "
            "pip install 'ray-imagesearch[tracing]'"
        ) from exc
    return OtlpTracer(settings, service)
