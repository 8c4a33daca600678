"""The errors of the project: one tree, picklable, with a stable code each.

ImageSearchError                    internal_error
├── InputError                      invalid_request      the caller asked for something that cannot be
│   ├── MalformedJson               malformed_json
│   ├── BodyTooLarge                body_too_large
│   ├── BodyTooSlow                 body_too_slow
│   ├── UnknownImage                unknown_image
│   ├── UnknownLog                  unknown_log
│   ├── NotLoadedYet                not_loaded_yet       retriable: a search waited for it
│   ├── NotCalibrated               not_calibrated       a recall that was never measured
│   ├── NoTextSearch                no_text_search       the model takes pictures only
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
├── DeadlineExceeded                deadline_exceeded    retriable
└── ConfigError                     config_error

Adapters translate their driver's errors into these (`raise X from exc`); the web layer maps them to HTTP status codes, the
command line to exit codes, the loader to `error_code` of an add-log row.
"""

from imagesearch.errors.base import ImageSearchError
from imagesearch.errors.pictures import (
    EmptyImage,
    ImageError,
    NotAnImage,
    SourceError,
    SourceForbidden,
    SourceInvalid,
    SourceNotFound,
    SourceTimeout,
    SourceUnavailable,
    TooManyBytes,
    TooManyPixels,
    TruncatedImage,
)
from imagesearch.errors.requests import (
    AccessError,
    BadLine,
    BadManifest,
    BodyTooLarge,
    BodyTooSlow,
    Forbidden,
    IdempotencyConflict,
    ImportCancelled,
    ImportConflict,
    InputError,
    MalformedJson,
    NotCalibrated,
    NoTextSearch,
    NotLoadedYet,
    RateLimited,
    Unauthorized,
    UnknownImage,
    UnknownImport,
    UnknownKey,
    UnknownLog,
    UnknownNamespace,
)
from imagesearch.errors.service import (
    ConfigError,
    DeadlineExceeded,
    EmbeddingFailed,
    ModelError,
    Overloaded,
    RuntimeMismatch,
    StoreBusy,
    StoreError,
    StoreUnavailable,
    UnknownModel,
    WeightsMismatch,
    WeightsNotFound,
)

__all__ = [
    "AccessError",
    "BadLine",
    "BadManifest",
    "BodyTooLarge",
    "BodyTooSlow",
    "ConfigError",
    "DeadlineExceeded",
    "EmbeddingFailed",
    "EmptyImage",
    "Forbidden",
    "IdempotencyConflict",
    "ImageError",
    "ImageSearchError",
    "ImportCancelled",
    "ImportConflict",
    "InputError",
    "MalformedJson",
    "ModelError",
    "NoTextSearch",
    "NotAnImage",
    "NotCalibrated",
    "NotLoadedYet",
    "Overloaded",
    "RateLimited",
    "RuntimeMismatch",
    "SourceError",
    "SourceForbidden",
    "SourceInvalid",
    "SourceNotFound",
    "SourceTimeout",
    "SourceUnavailable",
    "StoreBusy",
    "StoreError",
    "StoreUnavailable",
    "TooManyBytes",
    "TooManyPixels",
    "TruncatedImage",
    "Unauthorized",
    "UnknownImage",
    "UnknownImport",
    "UnknownKey",
    "UnknownLog",
    "UnknownModel",
    "UnknownNamespace",
    "WeightsMismatch",
    "WeightsNotFound",
]
