"""What the caller asked for, and whether it may."""

from __future__ import annotations

from imagesearch.errors.base import ImageSearchError


class InputError(ImageSearchError):
    """The caller's request cannot be carried out as it stands."""

    code = "invalid_request"


class MalformedJson(InputError):
    """The body is not JSON."""

    code = "malformed_json"


class BodyTooLarge(InputError):
    """The request's body is over the limit."""

    code = "body_too_large"


class BodyTooSlow(InputError):
    """The request's body came more slowly than it may."""

    code = "body_too_slow"


class UnknownImage(InputError):
    """No searchable picture has this milvus_id."""

    code = "unknown_image"


class UnknownLog(InputError):
    """No add-log row has this log_id."""

    code = "unknown_log"


class NotLoadedYet(InputError):
    """The add request that a search waits for is still pending."""

    code = "not_loaded_yet"
    retriable = True


class NotCalibrated(InputError):
    """Nobody has measured what a search of this collection's index finds of the true answer."""

    code = "not_calibrated"


class NoTextSearch(InputError):
    """The model has no text tower: pictures are found by pictures only."""

    code = "no_text_search"


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
    """The source is no table or archive of its kind, breaks off, or is more than reading it may take."""

    code = "bad_manifest"


class BadLine(InputError):
    """A line of a source gives no request; its neighbours do."""

    code = "bad_line"
