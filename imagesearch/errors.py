"""The errors of the project: one tree, picklable, with a stable code each.

ImageSearchError                    internal_error
├── InputError                      invalid_request      the caller asked for something that cannot be
│   ├── MalformedJson               malformed_json
│   ├── BodyTooLarge                body_too_large
│   ├── UnknownImage                unknown_image
│   ├── UnknownLog                  unknown_log
│   ├── UnknownImport               unknown_import
│   ├── UnknownNamespace            unknown_namespace
│   ├── UnknownKey                  unknown_key
│   ├── IdempotencyConflict         idempotency_conflict
│   ├── ImportConflict              import_conflict      its state does not allow that
│   ├── ImportCancelled             import_cancelled
│   ├── BadManifest                 bad_manifest         a table or archive as a whole
│   └── BadLine                     bad_line             one line of it
├── AccessError                     access_denied        who asks
│   ├── Unauthorized                unauthorized         no key, or none that is good
│   ├── Forbidden                   forbidden            the key may not do that
│   └── RateLimited                 rate_limited         retriable; `data["retry_after_s"]`
├── ImageError                      bad_image            the bytes; never retried
│   ├── EmptyImage                  empty_image
│   ├── NotAnImage                  not_an_image
│   ├── TruncatedImage              truncated_image
│   ├── TooManyBytes                too_many_bytes
│   └── TooManyPixels               too_many_pixels
├── SourceError                     source_error         the place where the bytes lie
│   ├── SourceInvalid               source_invalid       not a path or URI that we read
│   ├── SourceNotFound              source_not_found
│   ├── SourceForbidden             source_forbidden     outside the allowed roots, hosts or buckets
│   ├── SourceTimeout               source_timeout       retriable
│   └── SourceUnavailable           source_unavailable   retriable
├── ModelError                      model_error
│   ├── UnknownModel                unknown_model
│   ├── WeightsNotFound             weights_not_found
│   ├── WeightsMismatch             weights_mismatch
│   ├── RuntimeMismatch             runtime_mismatch
│   └── EmbeddingFailed             embedding_failed
├── StoreError                      store_error
│   ├── StoreUnavailable            store_unavailable    retriable; `data["store"]` names it
│   └── StoreBusy                   store_busy           retriable: a lock, a deadlock, a full queue
├── Overloaded                      overloaded           retriable
└── ConfigError                     config_error

Adapters translate their driver's errors into these (`raise X from exc`); the web layer maps them to HTTP status codes, the
command line to exit codes, the loader to `error_code` of an add-log row.
"""

from __future__ import annotations

from functools import partial
from typing import Any


class ImageSearchError(Exception):
    """Base of all errors; `detail` is for people, `code` for programs, `data` for both."""

    code = "internal_error"
    retriable = False

    def __init__(self, detail: str, **data: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.data = data

    def __reduce__(self) -> tuple[Any, ...]:
        # The default would call the class with the message alone and lose `data` at a process border.
        return partial(type(self), **self.data), (self.detail,)


class InputError(ImageSearchError):
    """The caller's request cannot be carried out as it stands."""

    code = "invalid_request"


class MalformedJson(InputError):
    """The body is not JSON."""

    code = "malformed_json"


class BodyTooLarge(InputError):
    """The request's body is over the limit."""

    code = "body_too_large"


class UnknownImage(InputError):
    """No searchable picture has this milvus_id."""

    code = "unknown_image"


class UnknownLog(InputError):
    """No add-log row has this log_id."""

    code = "unknown_log"


class UnknownImport(InputError):
    """No bulk import has this id."""

    code = "unknown_import"


class UnknownNamespace(InputError):
    """Nothing was ever added to this namespace."""

    code = "unknown_namespace"


class UnknownKey(InputError):
    """No API key has this id."""

    code = "unknown_key"


class IdempotencyConflict(InputError):
    """The idempotency key was used before, for another request."""

    code = "idempotency_conflict"


class AccessError(ImageSearchError):
    """The caller may not do that."""

    code = "access_denied"


class Unauthorized(AccessError):
    """No API key was given, or none that is good."""

    code = "unauthorized"


class Forbidden(AccessError):
    """The key does not allow that."""

    code = "forbidden"


class RateLimited(AccessError):
    """The key's requests come faster than it may send them."""

    code = "rate_limited"
    retriable = True


class ImportConflict(InputError):
    """The import's state does not allow what was asked of it."""

    code = "import_conflict"


class ImportCancelled(InputError):
    """The import that asked for this picture was cancelled before it was loaded."""

    code = "import_cancelled"


class BadManifest(InputError):
    """The source is no table or archive of its kind, or breaks off."""

    code = "bad_manifest"


class BadLine(InputError):
    """A line of a source gives no request; its neighbours do."""

    code = "bad_line"


class ImageError(ImageSearchError):
    """The bytes are not a picture that we take."""

    code = "bad_image"


class EmptyImage(ImageError):
    """Zero bytes."""

    code = "empty_image"


class NotAnImage(ImageError):
    """No known picture format."""

    code = "not_an_image"


class TruncatedImage(ImageError):
    """A known format whose data ends early or is broken."""

    code = "truncated_image"


class TooManyBytes(ImageError):
    """The file is over the byte limit."""

    code = "too_many_bytes"


class TooManyPixels(ImageError):
    """The picture would decode to more pixels than the limit."""

    code = "too_many_pixels"


class SourceError(ImageSearchError):
    """The bytes of a picture cannot be had from its path."""

    code = "source_error"


class SourceInvalid(SourceError):
    """The path is not of a form that we read."""

    code = "source_invalid"


class SourceNotFound(SourceError):
    """Nothing lies at this path, or something that is not a file."""

    code = "source_not_found"


class SourceForbidden(SourceError):
    """The path lies outside what the settings allow."""

    code = "source_forbidden"


class SourceTimeout(SourceError):
    """The source did not deliver in time."""

    code = "source_timeout"
    retriable = True


class SourceUnavailable(SourceError):
    """The source's server failed or could not be reached."""

    code = "source_unavailable"
    retriable = True


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


class ConfigError(ImageSearchError):
    """A setting is missing or wrong; the detail names it."""

    code = "config_error"
