"""The service's own parts: model, stores, queues, settings."""

from __future__ import annotations

from imagesearch.errors.base import ImageSearchError


class ModelError(ImageSearchError):
    """The model cannot be built or run."""

    code = "model_error"


class UnknownModel(ModelError):
    """The registry has no model of this name."""

    code = "unknown_model"


class WeightsNotFound(ModelError):
    """The weights file is not there; random weights are never taken in its place."""

    code = "weights_not_found"


class WeightsMismatch(ModelError):
    """The weights file is not of this model."""

    code = "weights_mismatch"


class RuntimeMismatch(ModelError):
    """A runtime gives other vectors than the reference; `data["cosine"]` is the smallest of theirs."""

    code = "runtime_mismatch"


class EmbeddingFailed(ModelError):
    """The model gave no usable vector (not finite, or zero)."""

    code = "embedding_failed"


class StoreError(ImageSearchError):
    """A store refused an operation."""

    code = "store_error"


class StoreUnavailable(StoreError):
    """A store does not answer; it may again."""

    code = "store_unavailable"
    retriable = True


class StoreBusy(StoreError):
    """A store could not serve this transaction now."""

    code = "store_busy"
    retriable = True


class Overloaded(ImageSearchError):
    """More work than the queues take."""

    code = "overloaded"
    retriable = True


class DeadlineExceeded(ImageSearchError):
    """The request's time was over before it was answered."""

    code = "deadline_exceeded"
    retriable = True


class ConfigError(ImageSearchError):
    """A setting is missing or wrong; the detail names it."""

    code = "config_error"
