"""Two models that are quickly built, and the way to them."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.sections import ModelSettings
from imagesearch.models.located import LocatedModel, located

SMALL = "timm:test_efficientnet"


def model_of(settings: ModelSettings) -> LocatedModel:
    return located(settings, None)  # type: ignore[arg-type]  # neither a package's nor random weights lie in S3


@pytest.fixture(scope="session")
def lite0() -> LocatedModel:
    return model_of(ModelSettings())


@pytest.fixture(scope="session")
def small() -> LocatedModel:
    return model_of(ModelSettings(name=SMALL, weights="random"))


@pytest.fixture
def no_folder(tmp_path: Path) -> Path:
    """A folder that cannot be made, whoever runs the tests."""
    (tmp_path / "file").touch()
    return tmp_path / "file" / "cache"
