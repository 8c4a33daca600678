"""Traces by OpenTelemetry's SDK, sent by OTLP over HTTP from a thread of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from config.sections import TracingSettings
from telemetry.tracing import Attribute, Part

# A replica that is ended by Serve has no last word: so much of its spans may be lost.
PAUSE_MS = 1000


class OtlpSpan:
    """Implements Span."""

    def __init__(self, span: trace.Span) -> None:
        self._span = span

    def name(self, name: str) -> None:
        """Call it otherwise."""
        self._span.update_name(name)

    def set(self, **attributes: Attribute) -> None:
        """Say more of it."""
        self._span.set_attributes(_named(attributes))


class OtlpTracer:
    """Implements Tracer. Its provider is its own and not the process's, which is Ray's to set."""

    def __init__(self, settings: TracingSettings, service: str) -> None:
        headers = {name: value.get_secret_value() for name, value in settings.headers.items()}
        exporter = OTLPSpanExporter(settings.endpoint, headers=headers, timeout=settings.timeout_s)
        self._provider = TracerProvider(
            ParentBasedTraceIdRatio(settings.ratio), Resource.create({"service.name": f"imagesearch.{service}"})
        )
        self._provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=PAUSE_MS))
        self._tracer = self._provider.get_tracer("imagesearch")
        self._propagator = TraceContextTextMapPropagator()

    @contextmanager
    def span(self, name: str, **attributes: Attribute) -> Iterator[OtlpSpan]:
        """Trace the block, as a part of what this context does."""
        with self._tracer.start_as_current_span(name, attributes=_named(attributes)) as span:
            yield OtlpSpan(span)

    @contextmanager
    def served(self, name: str, carried: Mapping[str, str]) -> Iterator[OtlpSpan]:
        """Trace the block, as a part of what the caller does."""
        caller = self._propagator.extract(carried)
        with self._tracer.start_as_current_span(name, caller, trace.SpanKind.SERVER) as span:
            yield OtlpSpan(span)

    def past(self, name: str, started_ns: int, **attributes: Attribute) -> None:
        """Tell of a part that ends now."""
        self._tracer.start_span(name, attributes=_named(attributes), start_time=started_ns).end()

    def whole(self, name: str, started_ns: int, parts: Sequence[Part], **attributes: Attribute) -> None:
        """Tell of a trace that is over."""
        span = self._tracer.start_span(name, Context(), attributes=_named(attributes), start_time=started_ns)
        inside = trace.set_span_in_context(span, Context())
        for part in parts:
            self._tracer.start_span(part.name, inside, start_time=part.started_ns).end(part.ended_ns)
        span.end()

    def carried(self) -> dict[str, str]:
        """Return the traceparent of the span that is going on."""
        carrier: dict[str, str] = {}
        self._propagator.inject(carrier)
        return carrier

    def close(self) -> None:
        """Send what is left."""
        self._provider.shutdown()


def _named(attributes: Mapping[str, Attribute]) -> dict[str, Attribute]:
    return {name.replace("__", "."): value for name, value in attributes.items()}
