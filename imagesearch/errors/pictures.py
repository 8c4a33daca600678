"""The bytes of pictures, and the places where they lie."""

from __future__ import annotations

from imagesearch.errors.base import ImageSearchError


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
