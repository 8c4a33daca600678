"""The exit codes of errors, the same for commands and for jobs."""

import pytest

from imagesearch.errors import (
    ConfigError,
    EmbeddingFailed,
    ImageSearchError,
    NotAnImage,
    Overloaded,
    SourceForbidden,
    SourceTimeout,
    StoreBusy,
    StoreError,
    StoreUnavailable,
    UnknownNamespace,
    WeightsNotFound,
)
from jobs.edge import exit_code


@pytest.mark.parametrize(
    ("code", "kinds"),
    [
        (1, (ImageSearchError, NotAnImage, EmbeddingFailed, StoreError)),
        (2, (ConfigError, UnknownNamespace, SourceForbidden, WeightsNotFound)),
        (3, (StoreUnavailable, StoreBusy, SourceTimeout, Overloaded)),
    ],
)
def test_an_exit_code_tells_failed_work_from_wrong_use_and_from_what_is_away(code, kinds):
    for kind in kinds:
        assert exit_code(kind("why")) == code
