"""The exit codes of errors, the same for commands and for jobs."""

import pytest

from imagesearch.errors import (
    ConfigError,
    EmbeddingFailed,
    Forbidden,
    ImageSearchError,
    NotAnImage,
    Overloaded,
    SourceForbidden,
    SourceTimeout,
    StoreBusy,
    StoreError,
    StoreUnavailable,
    Unauthorized,
    UnknownNamespace,
    WeightsNotFound,
)
from jobs.edge import exit_code


@pytest.mark.parametrize(
    ("code", "kinds"),
    [
        (1, (ImageSearchError, NotAnImage, EmbeddingFailed)),
        (2, (ConfigError, Unauthorized, Forbidden, UnknownNamespace, SourceForbidden, WeightsNotFound)),
        (3, (StoreError, StoreUnavailable, StoreBusy, SourceTimeout, Overloaded)),
    ],
)
def test_an_exit_code_tells_failed_work_from_wrong_use_and_from_what_is_away(code, kinds):
    for kind in kinds:
        assert exit_code(kind("why")) == code
