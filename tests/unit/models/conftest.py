"""Pictures that an installed package ships, and an object store in a folder."""

from __future__ import annotations

import importlib.util
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image

from imagesearch.errors import SourceNotFound


@dataclass(frozen=True)
class FolderStore:
    """Objects as files, `folder/bucket/key`; the tag is the time of the last change."""

    folder: Path

    def etag(self, bucket: str, key: str) -> str:
        return str(self._file(bucket, key).stat().st_mtime_ns)

    def get_to_file(self, bucket: str, key: str, path: Path) -> None:
        shutil.copyfile(self._file(bucket, key), path)

    def _file(self, bucket: str, key: str) -> Path:
        file = self.folder / bucket / key
        if not file.is_file():
            raise SourceNotFound(f"s3://{bucket}/{key} is not there")
        return file


@pytest.fixture
def objects(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "objects")


@pytest.fixture(scope="session")
def photos() -> list[Image.Image]:
    spec = importlib.util.find_spec("skimage")
    assert spec is not None and spec.origin is not None
    data = Path(spec.origin).parent / "data"
    return [
        Image.open(data / name).convert("RGB")
        for name in ("chelsea.png", "coffee.png", "astronaut.png", "rocket.jpg", "retina.jpg")
    ]
